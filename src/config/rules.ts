import * as z from 'zod/mini';

// How each kind of value is written in the environment, and what it becomes. Messages complete "AIRFLOW_DEPLOY_X: …".
// zod/mini: its schemas are built in a seventh of the time, and every command builds them all.

/** Lower case, a letter first, single hyphens inside: what bucket, RDS, ECR and IAM names have in common. */
export const name = matching(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be lower-case letters, digits and single hyphens, a letter first, no hyphen last');

export const text = z.string();

/** @param rule what is said where the text does not match */
export function matching(pattern: RegExp, rule: string) {
	return z.string().check(z.regex(pattern, rule));
}

/** Lower case, at least two labels, none that begins or ends with a hyphen; ACM takes at most 64 characters in a certificate's first name. */
export const domainName = z.string().check(
	z.maxLength(64, 'must have at most 64 characters: ACM takes no more'),
	z.regex(/^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+$/, 'must be a domain name in lower case, e.g. airflow.example.com'),
);

export function wholeNumber(least: number, most: number) {
	const rule = `must be a whole number from ${least} to ${most}`;
	return z.pipe(matching(/^\d+$/, rule), number((value) => value >= least && value <= most, rule));
}

function number(isRight: (value: number) => boolean, rule: string) {
	return z.pipe(z.transform(Number), z.number(rule).check(z.refine(isRight, rule)));
}

export function oneOf<const Values extends readonly string[]>(values: Values) {
	return z.enum(values, `must be one of ${values.join(', ')}`);
}

export function oneNumberOf(values: readonly number[]) {
	return z.pipe(text, number((value) => values.includes(value), `must be one of ${values.join(', ')}`));
}

export const yesOrNo = z.stringbool({ error: 'must be true or false' });

function split(value: string): string[] {
	return value.split(',').map((item) => item.trim()).filter((item) => item !== '');
}

/** Comma-separated text, split for a check of the items. */
function items<Check extends z.ZodMiniType<unknown, string[]>>(check: Check) {
	return z.pipe(z.pipe(text, z.transform(split)), check);
}

export function listOf(pattern: RegExp, rule: string) {
	return items(z.array(z.string().check(z.regex(pattern, { error: (issue) => `"${String(issue.input)}" ${rule}` }))));
}

/** The same, where `none` says that there are to be no items: an empty value counts as not given. */
export function listOrNone(pattern: RegExp, rule: string) {
	return z.pipe(z.pipe(text, z.transform((value) => (value.trim() === 'none' ? '' : value))), listOf(pattern, rule));
}

/**
 * An issuer (OpenID Connect Core 1.0, section 2) is HTTPS without query; plain HTTP on this machine is for trying it out. In a task,
 * `localhost` and 127.0.0.1 are the task itself.
 */
export const issuer = z.pipe(
	matching(/^(https:\/\/[^\s?#@/]+|http:\/\/127(?!\.0\.0\.1\b)(\.\d{1,3}){3}(:\d+)?)(\/[^\s?#]*)?$/, 'must be an https:// URL without query, or for one on this machine http:// with another loopback address than 127.0.0.1, which is the task itself: http://127.0.0.2:8000'),
	z.transform((url) => url.replace(/\/+$/, '')),
);

/** IPv4 blocks: EC2 stores the network address, so host bits would look like drift for ever. */
export const cidrs = items(z.array(z.string().check(({ value, issues }) => {
	const problem = cidrProblem(value);
	if (problem !== undefined) issues.push({ code: 'custom', input: value, message: `"${value}" ${problem}` });
})).check(z.minLength(1, 'must name at least one CIDR block')));

function cidrProblem(block: string): string | undefined {
	const [, address = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(block) ?? [];
	const octets = address.split('.').map(Number);
	if (octets.length !== 4 || octets.some((octet) => octet > 255) || Number(bits) > 32) return 'is no IPv4 CIDR block, e.g. 203.0.113.7/32';
	const network = octets.map((octet, index) => octet & (256 - 2 ** (8 - Math.min(8, Math.max(0, Number(bits) - 8 * index)))));
	const right = `${network.join('.')}/${bits}`;
	return right === `${octets.join('.')}/${bits}` ? undefined : `has bits set beyond its prefix: ${right}?`;
}

/** AWS takes 50 tags an object; four are ours, and EC2 objects get a Name. */
const mostTags = 45;
const tagText = /^[\p{L}\p{N} +\-=._:/@]*$/u;

/** `name=value,name=value` with the limits that hold for all services. */
export const tags = z.pipe(items(z.array(text).check(({ value, issues }) => {
	for (const message of tagsProblems(value)) issues.push({ code: 'custom', input: value, message });
})), z.transform((pairs): Record<string, string> => Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))));

function tagsProblems(pairs: readonly string[]): string[] {
	const problems = pairs.map(tagProblem).filter((problem) => problem !== undefined);
	if (pairs.length > mostTags) problems.push(`holds ${pairs.length} tags: AWS takes 50 an object, of which ${mostTags} can be yours`);
	const names = pairs.map((pair) => pair.split('=')[0]);
	for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) problems.push(`names "${name}" twice`);
	return problems;
}

function tagProblem(item: string): string | undefined {
	const at = item.indexOf('=');
	if (at < 1) return `"${item}" is not name=value`;
	const name = item.slice(0, at);
	if (/^aws:/i.test(name)) return `"${name}": names that begin with aws: belong to AWS`;
	if (name.startsWith('airflow-deploy:')) return `"${name}": names that begin with airflow-deploy: are this tool's own`;
	if (name.length > 128 || item.length - at - 1 > 256) return `"${name}": a name has at most 128 characters, a value 256`;
	return tagText.test(item) ? undefined : `"${item}" may hold letters, digits, spaces and + - = . _ : / @ only`;
}
