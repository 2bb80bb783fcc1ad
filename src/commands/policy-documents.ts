import type { Grant } from '../engine/resource.ts';

type Condition = NonNullable<Grant['condition']>;

interface Statement {
	readonly Effect: 'Allow';
	readonly Action: readonly string[];
	readonly Resource: readonly string[];
	readonly Condition?: Condition;
}

export interface PolicyDocument {
	readonly Version: '2012-10-17';
	readonly Statement: readonly Statement[];
}

/** What stands for `{partition} {account} {region} {project} {role-path}` in the grants. */
export type Placeholders = Readonly<Record<'partition' | 'account' | 'region' | 'project' | 'role-path', string>>;

/** Characters of a managed policy without white space (docs.aws.amazon.com/IAM, "IAM and AWS STS quotas"). */
export const longest = 6144;

/**
 * The policies that somebody needs who runs `up`, or `teardown`: merged, sorted, each short enough for IAM.
 * @throws Error for a placeholder that nobody knows
 */
export function policyDocuments(grants: readonly Grant[], purpose: 'up' | 'teardown', placeholders: Placeholders): PolicyDocument[] {
	const wanted = grants.filter((grant) => grant.for === undefined || grant.for === purpose);
	const statements = merge(wanted.map(({ actions, on, condition }) => ({ actions: [...actions], on: on.map((arn) => fill(arn, placeholders)).sort(), condition: fillCondition(condition, placeholders) })));
	return pack(statements);
}

function fill(text: string, placeholders: Placeholders): string {
	return text.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) => {
		const value = (placeholders as Readonly<Record<string, string>>)[name];
		if (value === undefined) throw new Error(`a grant names ${whole}, which nothing stands for`);
		return value;
	});
}

function fillCondition(condition: Grant['condition'], placeholders: Placeholders): Condition | undefined {
	return condition && (JSON.parse(fill(JSON.stringify(condition).replaceAll(/\$\{/g, '$\u0000'), placeholders).replaceAll('$\u0000', '${')) as Condition);
}

interface Wanted {
	readonly actions: string[];
	readonly on: readonly string[];
	readonly condition: Condition | undefined;
}

/** One statement for each set of resources, then one for each set of actions: the shortest way to say the same. */
function merge(wanted: readonly Wanted[]): Statement[] {
	const byResources = group(wanted, ({ on, condition }) => JSON.stringify([on, condition]));
	const joined = byResources.map((group) => ({ ...first(group), actions: unique(group.flatMap(({ actions }) => actions)) }));
	const byActions = group(joined, ({ actions, condition }) => JSON.stringify([actions, condition]));
	const statements = byActions.map((group) => {
		const { actions, condition } = first(group);
		const on = unique(group.flatMap(({ on }) => on));
		return { Effect: 'Allow' as const, Action: actions, Resource: on.includes('*') ? ['*'] : on, ...(condition ? { Condition: condition } : {}) };
	});
	return statements.sort((a, b) => compare(a.Action.join(), b.Action.join()) || compare(a.Resource.join(), b.Resource.join()));
}

function group<T>(items: readonly T[], by: (item: T) => string): T[][] {
	const groups = new Map<string, T[]>();
	for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
	return [...groups.values()];
}

function first<T>(items: readonly T[]): T {
	const [item] = items;
	if (item === undefined) throw new Error('an empty group');
	return item;
}

function unique(words: readonly string[]): string[] {
	return [...new Set(words)].sort();
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** Fills documents in order; a statement too long for one is split by its actions. */
function pack(statements: readonly Statement[]): PolicyDocument[] {
	const documents: Statement[][] = [];
	for (const statement of statements.flatMap(split)) {
		const last = documents.at(-1);
		if (last !== undefined && lengthOf(document([...last, statement])) <= longest) last.push(statement);
		else documents.push([statement]);
	}
	return documents.map(document);
}

function split(statement: Statement): Statement[] {
	if (lengthOf(document([statement])) <= longest || statement.Action.length < 2) return [statement];
	const middle = Math.ceil(statement.Action.length / 2);
	return [statement.Action.slice(0, middle), statement.Action.slice(middle)].flatMap((Action) => split({ ...statement, Action }));
}

function document(statements: readonly Statement[]): PolicyDocument {
	return { Version: '2012-10-17', Statement: statements };
}

/** As IAM counts it. */
export function lengthOf(policy: PolicyDocument): number {
	return JSON.stringify(policy).replaceAll(/\s/g, '').length;
}
