import { z } from 'zod';
import { arnOf, resourceOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { clientError } from '../errors.ts';
import { findDefinition } from '../lookups.ts';
import { echoOf } from '../model/task-definition-echo.ts';
import { taskDefinitionMistake } from '../model/task-definition-rules.ts';
import { pageOf } from '../pagination.ts';
import { page, TaskDefinitionInput } from '../shapes.ts';
import type { Family, TaskDefinition } from '../state.ts';
import { checkedTags } from '../tags.ts';
import { type Json, seconds, withoutUnset } from '../wire.ts';

const maximumBytes = 65_536;

function register(context: Context, input: TaskDefinitionInput): Json {
	const mistake = taskDefinitionMistake(input);
	if (mistake !== undefined) throw clientError(mistake);
	const bytes = Buffer.byteLength(JSON.stringify(input));
	if (bytes > maximumBytes) throw clientError(`Actual length: '${bytes}'. Max allowed length is '${maximumBytes}' bytes.`);
	const family: Family = context.state.families.get(input.family) ?? { lastRevision: 0, revisions: [] };
	const revision = family.lastRevision + 1;
	const made: TaskDefinition = {
		arn: arnOf('ecs', context.region, context.account, `task-definition/${input.family}:${revision}`),
		family: input.family,
		revision,
		input,
		definition: echoOf(input),
		registeredAt: seconds(context.now),
		registeredBy: context.caller,
		status: 'ACTIVE',
		tags: checkedTags(input.tags),
	};
	family.lastRevision = revision;
	family.revisions.push(made);
	context.state.families.set(input.family, family);
	return { taskDefinition: describe(made), tags: made.tags };
}

function describe(each: TaskDefinition): Json {
	const { arn: taskDefinitionArn, definition, revision, status, registeredAt, registeredBy, deregisteredAt, deleteRequestedAt } = each;
	return withoutUnset({ taskDefinitionArn, ...definition, revision, status, registeredAt, registeredBy, deregisteredAt, deleteRequestedAt });
}

const Describe = z.object({ taskDefinition: z.string(), include: z.array(z.enum(['TAGS'])).default([]) });

function describeTaskDefinition(context: Context, { taskDefinition, include }: z.infer<typeof Describe>): Json {
	const found = findDefinition(context, taskDefinition);
	if (found === undefined) throw clientError('Unable to describe task definition.');
	return { taskDefinition: describe(found), ...(include.includes('TAGS') && { tags: found.tags }) };
}

const hasRevision = (name: string) => resourceOf(name).includes(':');

function deregister(context: Context, { taskDefinition }: { taskDefinition: string }): Json {
	if (!hasRevision(taskDefinition)) throw clientError('Revision is missing.');
	const found = findDefinition(context, taskDefinition);
	if (found === undefined) throw clientError('Unable to describe task definition.');
	if (found.status === 'ACTIVE') Object.assign(found, { status: 'INACTIVE', deregisteredAt: seconds(context.now) });
	return { taskDefinition: describe(found) };
}

const Delete = z.object({ taskDefinitions: z.array(z.string()).min(1).max(10) });

function deleteTaskDefinitions(context: Context, { taskDefinitions }: z.infer<typeof Delete>): Json {
	const outcomes = taskDefinitions.map((name) => ({ name, found: hasRevision(name) ? findDefinition(context, name) : undefined }));
	const failures = outcomes.flatMap(({ name, found }) => {
		if (found === undefined) return [{ arn: name, reason: 'The specified task definition does not exist. Specify a valid account, family, revision and try again.' }];
		const reason = 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';
		return found.status === 'ACTIVE' ? [{ arn: found.arn, reason }] : [];
	});
	const deleted = outcomes.flatMap(({ found }) => (found === undefined || found.status === 'ACTIVE' ? [] : [found]));
	for (const each of deleted) Object.assign(each, { status: 'DELETE_IN_PROGRESS', deleteRequestedAt: each.deleteRequestedAt ?? seconds(context.now) });
	return { taskDefinitions: deleted.map(describe), failures };
}

const List = z.object({
	...page,
	familyPrefix: z.string().optional(),
	status: z.enum(['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']).default('ACTIVE'),
	sort: z.enum(['ASC', 'DESC']).default('ASC'),
});

/** `familyPrefix` is, in spite of its name, the whole family name. */
function listTaskDefinitions({ state }: Context, input: z.infer<typeof List>): Json {
	const families = [...state.families].filter(([name]) => input.familyPrefix === undefined || name === input.familyPrefix);
	const ordered = families.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { revisions }]) => revisions);
	const arns = ordered.filter(({ status }) => status === input.status).map(({ arn }) => arn);
	const { items, ...rest } = pageOf(input.sort === 'ASC' ? arns : arns.toReversed(), (arn) => arn, input, 100);
	return { taskDefinitionArns: items, ...rest };
}

const ListFamilies = z.object({ ...page, familyPrefix: z.string().default(''), status: z.enum(['ACTIVE', 'INACTIVE', 'ALL']).default('ALL') });

function listFamilies({ state }: Context, input: z.infer<typeof ListFamilies>): Json {
	const isActive = ({ revisions }: Family) => revisions.some(({ status }) => status === 'ACTIVE');
	const wanted = (family: Family) => input.status === 'ALL' || isActive(family) === (input.status === 'ACTIVE');
	const names = [...state.families].filter(([name, family]) => name.startsWith(input.familyPrefix) && wanted(family)).map(([name]) => name);
	const { items, ...rest } = pageOf(names.sort(), (name) => name, input, 100);
	return { families: items, ...rest };
}

export const taskDefinitionOperations: Readonly<Record<string, Operation>> = {
	RegisterTaskDefinition: operation(TaskDefinitionInput, register),
	DescribeTaskDefinition: operation(Describe, describeTaskDefinition),
	DeregisterTaskDefinition: operation(z.object({ taskDefinition: z.string() }), deregister),
	DeleteTaskDefinitions: operation(Delete, deleteTaskDefinitions),
	ListTaskDefinitions: operation(List, listTaskDefinitions),
	ListTaskDefinitionFamilies: operation(ListFamilies, listFamilies),
};
