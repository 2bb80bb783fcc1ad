import { z } from 'zod';
import { arnOf, iamArn, nameOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { invalidParameter } from '../errors.ts';
import { pageOf } from '../pagination.ts';
import { page } from '../shapes.ts';
import type { Json } from '../wire.ts';
import { fargateProviders } from './clusters.ts';

/** Account settings and their defaults in an account of today; the long ARN formats cannot be turned off any more. */
const defaultSettings: Readonly<Record<string, string>> = {
	serviceLongArnFormat: 'enabled',
	taskLongArnFormat: 'enabled',
	containerInstanceLongArnFormat: 'enabled',
	awsvpcTrunking: 'disabled',
	containerInsights: 'disabled',
	fargateFIPSMode: 'disabled',
	tagResourceAuthorization: 'on',
	fargateTaskRetirementWaitPeriod: '7',
	guardDutyActivate: 'off',
	defaultLogDriverMode: 'non-blocking',
};

const ListAccountSettings = z.object({
	...page,
	name: z.string().optional(),
	value: z.string().optional(),
	principalArn: z.string().optional(),
	effectiveSettings: z.boolean().default(false),
});

function listAccountSettings(context: Context, input: z.infer<typeof ListAccountSettings>): Json {
	const own = Object.fromEntries(context.state.accountSettings);
	const shown = input.effectiveSettings ? { ...defaultSettings, ...own } : own;
	const settings = Object.entries(shown)
		.filter(([name, value]) => (input.name === undefined || input.name === name) && (input.value === undefined || input.value === value))
		.map(([name, value]) => setting(context, name, value));
	const { items, ...rest } = pageOf(settings, ({ name }) => name, input, 10);
	return { settings: items, ...rest };
}

function setting({ account, region }: Context, name: string, value: string) {
	return { name, value, principalArn: iamArn(region, account, 'root'), type: 'user' };
}

const PutAccountSetting = z.object({ name: z.string(), value: z.string() });

function putAccountSetting(context: Context, { name, value }: z.infer<typeof PutAccountSetting>): Json {
	if (defaultSettings[name] === undefined) throw invalidParameter(`The account setting ${name} does not exist.`);
	if (name.endsWith('LongArnFormat') && value !== 'enabled') throw invalidParameter(`The ${name} account setting cannot be disabled.`);
	context.state.accountSettings.set(name, value);
	return { setting: setting(context, name, value) };
}

function deleteAccountSetting(context: Context, { name }: { name: string }): Json {
	context.state.accountSettings.delete(name);
	return { setting: setting(context, name, defaultSettings[name] ?? '') };
}

const DescribeCapacityProviders = z.object({ ...page, capacityProviders: z.array(z.string()).optional(), include: z.array(z.enum(['TAGS'])).default([]) });

function describeCapacityProviders({ region, account }: Context, input: z.infer<typeof DescribeCapacityProviders>): Json {
	const asked = (input.capacityProviders ?? fargateProviders).map(nameOf);
	const known = asked.filter((name) => fargateProviders.includes(name));
	const arn = (name: string) => arnOf('ecs', region, account, `capacity-provider/${name}`);
	const { items, ...rest } = pageOf(known, (name) => name, input, 10);
	return {
		capacityProviders: items.map((name) => ({ capacityProviderArn: arn(name), name, status: 'ACTIVE', tags: [] })),
		failures: asked.filter((name) => !fargateProviders.includes(name)).map((name) => ({ arn: arn(name), reason: 'MISSING' })),
		...rest,
	};
}

export const accountOperations: Readonly<Record<string, Operation>> = {
	ListAccountSettings: operation(ListAccountSettings, listAccountSettings),
	PutAccountSetting: operation(PutAccountSetting, putAccountSetting),
	PutAccountSettingDefault: operation(PutAccountSetting, putAccountSetting),
	DeleteAccountSetting: operation(z.object({ name: z.string() }), deleteAccountSetting),
	DescribeCapacityProviders: operation(DescribeCapacityProviders, describeCapacityProviders),
};
