import { type Context, type Document, judge, listOf, type Statement } from './access/statements.ts';
import { AwsError } from './front/failure.ts';
import type { Lag } from './lag.ts';
import type { Moto } from './moto.ts';
import { items, textOf } from './xml.ts';

/** Of a trust policy. */
interface TrustStatement extends Statement {
	readonly Principal?: { readonly Service?: string | readonly string[] };
}

interface Place {
	readonly moto: Moto;
	readonly lag: Lag;
	/** 12 digits. */
	readonly account: string;
}

/** Roles that EventBridge Scheduler acts as. */
export class ExecutionRoles {
	readonly #place: Place;

	constructor(place: Place) {
		this.#place = place;
	}

	/** @throws AwsError ValidationException where the scheduler of a region cannot assume it, as it says when a schedule is made */
	async assertTrusted(roleArn: string, region: string): Promise<void> {
		const { account, lag } = this.#place;
		const name = nameOf(roleArn);
		const role = await this.#ask('GetRole', { RoleName: name }).catch(() => undefined);
		const found = textOf(role, 'GetRoleResult', 'Role', 'Arn') === roleArn;
		const trust = statements(textOf(role, 'GetRoleResult', 'Role', 'AssumeRolePolicyDocument')).filter(({ Principal }) => listOf(Principal?.Service).includes('scheduler.amazonaws.com'));
		const from: Readonly<Record<string, readonly string[]>> = { 'aws:sourceaccount': [account], 'aws:sourcearn': [`arn:aws:scheduler:${region}:${account}:schedule-group/default`] };
		if (found && !lag.isYoungRole(name) && (await isAllowed([{ Statement: trust }], 'sts:AssumeRole', roleArn, (key) => from[key]))) return;
		throw new AwsError('ValidationException', 'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
	}

	/** @throws AwsError AccessDeniedException where no inline policy of the role allows it */
	async assertAllowed(roleArn: string, action: string, resource: string): Promise<void> {
		await this.assertTrusted(roleArn, resource.split(':')[3] ?? '');
		const RoleName = nameOf(roleArn);
		const names = items(await this.#ask('ListRolePolicies', { RoleName }), 'ListRolePoliciesResult', 'PolicyNames').map((item) => textOf(item) ?? '');
		const documents = await Promise.all(names.map(async (PolicyName) => ({ Statement: statements(textOf(await this.#ask('GetRolePolicy', { RoleName, PolicyName }), 'GetRolePolicyResult', 'PolicyDocument')) })));
		if (await isAllowed(documents, action, resource, () => undefined)) return;
		throw new AwsError('AccessDeniedException', `User: ${roleArn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`);
	}

	#ask(operation: string, parameters: Readonly<Record<string, string>>) {
		return this.#place.moto.query({ service: 'iam', region: 'us-east-1', operation }, parameters);
	}
}

async function isAllowed(documents: readonly Document[], action: string, resource: string, context: Context): Promise<boolean> {
	return (await judge(documents, { action, resource, context })) === 'allowed';
}

function statements(document = '{}'): TrustStatement[] {
	const { Statement: found = [] } = JSON.parse(decodeURIComponent(document)) as { Statement?: TrustStatement | TrustStatement[] };
	return Array.isArray(found) ? found : [found];
}

function nameOf(roleArn: string): string {
	return roleArn.split('/').at(-1) ?? '';
}
