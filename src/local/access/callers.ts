import { AwsError } from '../front/failure.ts';
import type { Moto } from '../moto.ts';
import { type Element, items, textOf } from '../xml.ts';
import type { Document } from './statements.ts';

/** Who a key belongs to. */
export interface Caller {
	/** `arn:aws:iam::A:user/U` or `arn:aws:sts::A:assumed-role/R/SESSION`; the endpoint's own: `…:user/local`. */
	readonly arn: string;
	readonly kind: 'administrator' | 'role' | 'user';
	/** Of the role or user. */
	readonly name: string;
}

export interface Policies {
	readonly identity: readonly Document[];
	/** Absent: no permissions boundary. */
	readonly boundary: readonly Document[] | undefined;
}

/** The key that `airflow-deploy local env` prints, and the one of the endpoint's own calls. */
const administrators = new Set(['local']);

/** Keys that the account has given out, and what their owners may do. */
export class Callers {
	readonly #moto: Moto;
	readonly #account: string;
	readonly #keys = new Map<string, Caller>();
	readonly #roles = new Map<string, string>();
	#policies = new Map<string, Promise<Policies>>();

	constructor(moto: Moto, account: string) {
		this.#moto = moto;
		this.#account = account;
	}

	/** @throws AwsError for a key that nobody gave out */
	callerOf(accessKey: string): Caller {
		const known = this.#keys.get(accessKey);
		if (known) return known;
		if (administrators.has(accessKey)) return { arn: `arn:aws:iam::${this.#account}:user/local`, kind: 'administrator', name: 'local' };
		throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.', { status: 403 });
	}

	/** Whose key it is, where the account gave it out. */
	known(accessKey: string): Caller | undefined {
		return this.#keys.get(accessKey);
	}

	/** @param accessKey as CreateAccessKey, AssumeRole or a task's credentials gave it out */
	learnKey(accessKey: string, caller: Caller): void {
		this.#keys.set(accessKey, caller);
	}

	/** A session of a role. */
	session(roleArn: string, session: string): Caller {
		const name = roleArn.split('/').at(-1) ?? '';
		return { arn: `arn:${roleArn.split(':')[1]}:sts::${this.#account}:assumed-role/${name}/${session}`, kind: 'role', name };
	}

	user(name: string): Caller {
		return { arn: `arn:aws:iam::${this.#account}:user/${name}`, kind: 'user', name };
	}

	learnRole(arn: string): void {
		this.#roles.set(arn.split('/').at(-1) ?? '', arn);
	}

	/** With its path; of one that is not there without. */
	roleArn(name: string): string {
		return this.#roles.get(name) ?? `arn:aws:iam::${this.#account}:role/${name}`;
	}

	/** After a call that may have changed policies. */
	forgetPolicies(): void {
		this.#policies = new Map();
	}

	policiesOf({ kind, name }: Pick<Caller, 'kind' | 'name'>): Promise<Policies> {
		const key = `${kind} ${name}`;
		const known = this.#policies.get(key) ?? this.#read(kind === 'user' ? 'User' : 'Role', name);
		this.#policies.set(key, known);
		return known;
	}

	async #read(kind: 'Role' | 'User', name: string): Promise<Policies> {
		const parameters = { [`${kind}Name`]: name };
		const [inline, attached, described] = await Promise.all([this.#ask(`List${kind}Policies`, parameters), this.#ask(`ListAttached${kind}Policies`, parameters), this.#ask(`Get${kind}`, parameters)]);
		const names = items(inline, `List${kind}PoliciesResult`, 'PolicyNames').map((item) => textOf(item) ?? '');
		const arns = items(attached, `ListAttached${kind}PoliciesResult`, 'AttachedPolicies').map((item) => textOf(item, 'PolicyArn') ?? '');
		const boundary = textOf(described, `Get${kind}Result`, kind, 'PermissionsBoundary', 'PermissionsBoundaryArn');
		const own = names.map(async (PolicyName) => documentIn(await this.#ask(`Get${kind}Policy`, { ...parameters, PolicyName }), `Get${kind}PolicyResult`, 'PolicyDocument'));
		return { identity: await Promise.all([...own, ...arns.map((arn) => this.#managed(arn))]), boundary: boundary === undefined ? undefined : [await this.#managed(boundary)] };
	}

	async #managed(PolicyArn: string): Promise<Document> {
		const policy = await this.#ask('GetPolicy', { PolicyArn });
		const VersionId = textOf(policy, 'GetPolicyResult', 'Policy', 'DefaultVersionId') ?? 'v1';
		return documentIn(await this.#ask('GetPolicyVersion', { PolicyArn, VersionId }), 'GetPolicyVersionResult', 'PolicyVersion', 'Document');
	}

	/** Nothing where the role, user or policy is gone. */
	async #ask(operation: string, parameters: Readonly<Record<string, string>>): Promise<Element | undefined> {
		return this.#moto.query({ service: 'iam', region: 'us-east-1', operation }, parameters).catch((error: unknown) => {
			if (error instanceof AwsError && error.code === 'NoSuchEntity') return undefined;
			throw error;
		});
	}
}

function documentIn(answer: Element | undefined, ...path: string[]): Document {
	const text = textOf(answer, ...path);
	return text === undefined ? { Statement: [] } : (JSON.parse(text.startsWith('{') ? text : decodeURIComponent(text)) as Document);
}
