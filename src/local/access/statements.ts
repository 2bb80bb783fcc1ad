/** What somebody wants to do. */
export interface Wish {
	/** `ecs:RunTask` */
	readonly action: string;
	readonly resource: string;
	/** Condition keys in small letters: `aws:requesttag/project`, `iam:passedtoservice`. */
	readonly context: Context;
}

/** A key's values; undefined: the request has none. Tags of the resource are looked up only where a condition asks. */
export type Context = (key: string) => Promise<readonly string[] | undefined> | readonly string[] | undefined;

type Texts = string | readonly string[];

export interface Statement {
	readonly Effect: 'Allow' | 'Deny';
	readonly Action?: Texts;
	readonly NotAction?: Texts;
	readonly Resource?: Texts;
	readonly NotResource?: Texts;
	readonly Condition?: Readonly<Record<string, Readonly<Record<string, Texts>>>>;
}

export interface Document {
	readonly Statement: Statement | readonly Statement[];
}

export type Verdict = 'allowed' | 'explicitly denied' | 'not allowed';

/** IAM User Guide, "Policy evaluation logic", of one set of policies: a denial counts more than what allows. */
export async function judge(documents: readonly Document[], wish: Wish): Promise<Verdict> {
	const statements = documents.flatMap(({ Statement }) => Statement);
	const meant = (await Promise.all(statements.map(async (statement) => ((await isMeant(statement, wish)) ? [statement] : [])))).flat();
	if (meant.some(({ Effect }) => Effect === 'Deny')) return 'explicitly denied';
	return meant.some(({ Effect }) => Effect === 'Allow') ? 'allowed' : 'not allowed';
}

async function isMeant({ Action, NotAction, Resource, NotResource, Condition = {} }: Statement, wish: Wish): Promise<boolean> {
	// Actions have no case, resources do.
	const action = wish.action.toLowerCase();
	const named = Action === undefined ? !anyLike(action, NotAction, 'small') : anyLike(action, Action, 'small');
	const placed = Resource === undefined ? !anyLike(wish.resource, NotResource, 'as it is') : anyLike(wish.resource, Resource, 'as it is');
	if (!named || !placed) return false;
	const pairs = Object.entries(Condition).flatMap(([operator, keys]) => Object.entries(keys).map(([key, values]) => holds(operator, { key, wanted: listOf(values) }, wish)));
	return (await Promise.all(pairs)).every(Boolean);
}

function anyLike(value: string, patterns: Texts | undefined, letters: 'small' | 'as it is'): boolean {
	return listOf(patterns).some((pattern) => isLike(value, letters === 'small' ? pattern.toLowerCase() : pattern));
}

interface Test {
	readonly key: string;
	readonly wanted: readonly string[];
}

async function holds(operator: string, { key, wanted }: Test, { context }: Wish): Promise<boolean> {
	const [, quantifier, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
	const present = await context(key.toLowerCase());
	if (name === 'Null') return (present === undefined) === (wanted[0] === 'true');
	if (present === undefined) return ifExists !== undefined || quantifier === 'ForAllValues' || name.includes('Not');
	const test = operators[name];
	// A condition that is not understood must not let anything through.
	if (!test) return false;
	const passes = (value: string): boolean => test(value, wanted);
	return quantifier === 'ForAllValues' ? present.every(passes) : present.some(passes);
}

const anyOf = (compare: (value: string, wanted: string) => boolean) => (value: string, wanted: readonly string[]): boolean => wanted.some((each) => compare(value, each));
const noneOf = (compare: (value: string, wanted: string) => boolean) => (value: string, wanted: readonly string[]): boolean => !wanted.some((each) => compare(value, each));
const same = (a: string, b: string): boolean => a === b;
const sameLetters = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** IAM User Guide, "Condition operators"; those that policies of this kind use. */
const operators: Readonly<Record<string, (value: string, wanted: readonly string[]) => boolean>> = {
	StringEquals: anyOf(same),
	StringNotEquals: noneOf(same),
	StringEqualsIgnoreCase: anyOf(sameLetters),
	StringLike: anyOf(isLike),
	StringNotLike: noneOf(isLike),
	ArnEquals: anyOf(isLike),
	ArnLike: anyOf(isLike),
	ArnNotLike: noneOf(isLike),
	Bool: anyOf(sameLetters),
	NumericLessThanEquals: anyOf((value, wanted) => Number(value) <= Number(wanted)),
};

const expressions = new Map<string, RegExp>();

/** `*` and `?` in a pattern; a policy variable stands for nothing. */
export function isLike(value: string, pattern: string): boolean {
	const known = expressions.get(pattern) ?? new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
	expressions.set(pattern, known);
	return known.test(value);
}

/** What policies write alone or in a list. */
export function listOf(value: Texts | undefined): readonly string[] {
	return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
