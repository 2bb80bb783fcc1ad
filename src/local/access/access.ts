import { AwsError } from '../front/failure.ts';
import type { Call } from '../front/call.ts';
import type { Decision } from '../front/request-record.ts';
import type { Known } from '../models/request-models.ts';
import { type Asked, type Look, requestTags } from './asked.ts';
import type { Caller, Callers } from './callers.ts';
import { askedBy } from './rules.ts';
import { type Context, judge } from './statements.ts';

/** What the account can tell that is being asked. */
export interface AccessWorld {
	/** 12 digits. */
	readonly account: string;
	readonly callers: Callers;
	readonly look: Look;
	/** Tags of an object that exists; none where it has none, or is not there. */
	tags(arn: string): Promise<Readonly<Record<string, string>>>;
	/** Keeps what was decided without a request: what a service does in somebody's name. */
	note(caller: Caller, decision: Decision): void;
}

export interface Judged {
	readonly caller: Caller;
	readonly decisions: readonly Decision[];
	/** In the words of the call's service. */
	readonly refused: AwsError | undefined;
}

/** Enforces what identity-based policies and permissions boundaries say (IAM User Guide, "Policy evaluation logic"). */
export class Access {
	readonly #world: AccessWorld;

	constructor(world: AccessWorld) {
		this.#world = world;
	}

	/** @throws AwsError for a key that nobody gave out */
	async judge(call: Call, { operation, request }: Pick<Known, 'operation' | 'request'>): Promise<Judged> {
		const caller = this.#world.callers.callerOf(call.accessKey);
		if (caller.kind === 'administrator') return { caller, decisions: [], refused: undefined };
		const reading = { operation, request, partition: 'aws', region: call.region, account: this.#world.account, look: this.#world.look };
		const asked = await askedBy(call.service, reading);
		const judged = await Promise.all(asked.map(async (one) => ({ one, verdict: await this.#verdict(caller, one, requestTags(reading)) })));
		const first = judged.find(({ verdict }) => verdict !== undefined);
		return {
			caller,
			decisions: judged.map(({ one, verdict }) => ({ action: one.action, resource: one.resource, allowed: verdict === undefined })),
			refused: first && refusal(call, caller, first.one, first.verdict ?? ''),
		};
	}

	/** As iam:SimulatePrincipalPolicy answers it. @param source ARN of a user or role */
	async simulate(source: string, asked: Asked): Promise<'allowed' | 'implicitDeny' | 'explicitDeny'> {
		const name = source.split('/').at(-1) ?? '';
		const caller = source.includes(':role/') ? this.#world.callers.session(source, 'simulated') : this.#world.callers.user(name);
		if (caller.arn.endsWith(':user/local')) return 'allowed';
		const why = await this.#verdict(caller, asked, {});
		return why === undefined ? 'allowed' : why.includes('explicit deny') ? 'explicitDeny' : 'implicitDeny';
	}

	/** For what a service does as a role: ECS as the execution role of a task. @throws AwsError AccessDeniedException */
	async require(role: string, session: string, asked: Asked): Promise<void> {
		const caller = this.#world.callers.session(role, session);
		const why = await this.#verdict(caller, asked, {});
		this.#world.note(caller, { action: asked.action, resource: asked.resource, allowed: why === undefined });
		if (why !== undefined) throw new AwsError('AccessDeniedException', `User: ${caller.arn} is not authorized to perform: ${asked.action} on resource: ${asked.resource} ${why}`);
	}

	/** Why it may not; undefined: it may. */
	async #verdict(caller: Caller, { action, resource, keys = {} }: Asked, tags: Readonly<Record<string, string>>): Promise<string | undefined> {
		const { identity, boundary } = await this.#world.callers.policiesOf(caller);
		const wish = { action, resource, context: this.#context(resource, keys, tags) };
		const own = await judge(identity, wish);
		if (own === 'explicitly denied') return 'with an explicit deny in an identity-based policy';
		if (own === 'not allowed') return `because no identity-based policy allows the ${action} action`;
		if (boundary === undefined || (await judge(boundary, wish)) === 'allowed') return undefined;
		return `because no permissions boundary allows the ${action} action`;
	}

	#context(resource: string, keys: Readonly<Record<string, string | undefined>>, tags: Readonly<Record<string, string>>): Context {
		const requested = new Map(Object.entries(tags).map(([key, value]) => [`aws:requesttag/${key}`.toLowerCase(), value]));
		return async (key) => {
			// Loopback stands for TLS.
			if (key === 'aws:securetransport') return ['true'];
			if (key === 'aws:tagkeys') return requested.size > 0 ? Object.keys(tags) : undefined;
			const value = keys[key] ?? requested.get(key);
			if (value !== undefined) return [value];
			const [, tag] = /^(?:aws|ecs|ssm):resourcetag\/(.+)$/.exec(key) ?? [];
			return tag === undefined ? undefined : tagValue(await this.#world.tags(resource), tag);
		};
	}
}

function tagValue(tags: Readonly<Record<string, string>>, key: string): string[] | undefined {
	const found = Object.entries(tags).find(([name]) => name.toLowerCase() === key);
	return found && [found[1]];
}

/** IAM User Guide, "Troubleshoot access denied error messages"; EC2's is encoded and says less. */
function refusal({ service, protocol }: Call, caller: Caller, { action, resource }: Asked, why: string): AwsError {
	const message = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
	if (service === 'ec2') return new AwsError('UnauthorizedOperation', `You are not authorized to perform this operation. ${message}. Encoded authorization failure message: ${Buffer.from(JSON.stringify({ action, resource })).toString('base64url')}`, { status: 403 });
	if (protocol === 'query' || protocol === 'rest-xml') return new AwsError('AccessDenied', message, { status: 403 });
	return new AwsError('AccessDeniedException', message, { status: protocol === 'json' ? 400 : 403 });
}
