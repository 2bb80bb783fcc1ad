/** A request as rules read it. */
export interface Reading {
	readonly operation: string;
	/** By the model's names. */
	readonly request: Readonly<Record<string, unknown>>;
	readonly partition: string;
	readonly region: string;
	/** 12 digits. */
	readonly account: string;
	readonly look: Look;
}

/** What a request alone does not tell. */
export interface Look {
	/** ARN of a role, with its path; of one that is not there without. */
	roleArn(name: string): string;
	/** ARN of the revision that `family` or `family:revision` means, and of the roles of its tasks. */
	taskDefinition(region: string, name: string): Promise<{ readonly arn: string; readonly roles: readonly string[] } | undefined>;
	/** File system of a mount target. */
	fileSystemOf(region: string, mountTarget: string): Promise<string | undefined>;
	/** Whether a bucket has an object of this key, or its version. */
	objectThere(bucket: string, key: string, version: string | undefined): Promise<boolean>;
	/** ARN of a secret by its name. */
	secretArn(region: string, name: string): Promise<string | undefined>;
}

/** One thing that a request needs to be allowed. */
export interface Asked {
	readonly action: string;
	readonly resource: string;
	/** Condition keys of this one alone, in small letters. */
	readonly keys?: Readonly<Record<string, string | undefined>> | undefined;
}

export type Part = (reading: Reading) => readonly Asked[] | Promise<readonly Asked[]>;
/** By operation. */
export type Rules = Readonly<Record<string, readonly Part[]>>;

/** Text at a path of the request: `Target.RoleArn`. */
export function textAt(request: unknown, path: string): string | undefined {
	let at: unknown = request;
	for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
	return typeof at === 'string' && at !== '' ? at : undefined;
}

export function textsAt({ request }: Pick<Reading, 'request'>, name: string): readonly string[] {
	const value = request[name];
	if (Array.isArray(value)) return value.filter((each) => typeof each === 'string');
	return typeof value === 'string' && value !== '' ? [value] : [];
}

/** Tags that a request gives to what it makes, in whichever form its service has. */
export function requestTags({ request }: Pick<Reading, 'request'>): Readonly<Record<string, string>> {
	const specified = ((request['TagSpecifications'] ?? []) as { Tags?: unknown }[]).map(({ Tags }) => Tags);
	const configuration = (request['CreateBucketConfiguration'] as { Tags?: unknown } | undefined)?.Tags;
	const lists = [request['Tags'], request['tags'], configuration, ...specified].filter((list) => list !== undefined && list !== null);
	return Object.assign({}, ...lists.map(tagRecord)) as Record<string, string>;
}

function tagRecord(list: unknown): Record<string, string> {
	if (!Array.isArray(list)) return { ...(list as Record<string, string>) };
	const pairs = (list as Record<string, string>[]).map((tag) => [tag['Key'] ?? tag['key'] ?? '', tag['Value'] ?? tag['value'] ?? ''] as const);
	return Object.fromEntries(pairs);
}

export const isTagged = (reading: Reading): boolean => Object.keys(requestTags(reading)).length > 0;

/** Service prefix, and how its ARNs begin. */
export interface Service {
	readonly prefix: string;
	readonly arn: (reading: Reading, part: string) => string;
}

export function service(prefix: string): Service {
	return { prefix, arn: ({ partition, region, account }, part) => `arn:${partition}:${prefix}:${region}:${account}:${part}` };
}

/** The operation on the resource that a member names; without the member: on any of its kind. */
export function on({ prefix, arn }: Service, kind: string, member: string, action?: string): Part {
	return (reading) => {
		const names = textsAt(reading, member);
		const resources = (names.length > 0 ? names : ['*']).map((name) => (name.startsWith('arn:') ? name : arn(reading, `${kind}${name}`)));
		return resources.map((resource) => ({ action: `${prefix}:${action ?? reading.operation}`, resource }));
	};
}

/** The operation on what does not exist yet, and the action that gives it its tags. */
export function made({ prefix, arn }: Service, resource: (reading: Reading) => string, tagging: string): Part {
	return (reading) => {
		const target = arn(reading, resource(reading));
		const tags = { action: `${prefix}:${tagging}`, resource: target, keys: { [`${prefix}:createaction`]: reading.operation } };
		return [{ action: `${prefix}:${reading.operation}`, resource: target }, ...(isTagged(reading) ? [tags] : [])];
	};
}

/** Another action, on any resource: what a service does in the caller's name. */
export const also = (action: string, resource: (reading: Reading) => readonly string[]): Part => (reading) => resource(reading).map((each) => ({ action, resource: each }));
