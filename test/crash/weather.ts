import { createHash, randomUUID } from 'node:crypto';
import type { Answer } from '../../src/local/front/failure.ts';
import type { Interference, Sent } from './wire.ts';

/** How services word that they are asked too often. */
const throttling: Readonly<Record<string, readonly [code: string, status: number]>> = { ec2: ['RequestLimitExceeded', 503], s3: ['SlowDown', 503], iam: ['Throttling', 400], rds: ['Throttling', 400], sts: ['Throttling', 400], elasticfilesystem: ['ThrottlingException', 429] };

export interface Share {
	/** Of all calls, from 0 to 1: refused before anything happens. */
	readonly throttled?: number;
	/** Answered with 500: one half before, one half after it was done. */
	readonly failed?: number;
	/** Connections that break, one half before, one half after. */
	readonly broken?: number;
}

export function storm({ throttled = 0, failed = 0, broken = 0 }: Share, random: () => number): Interference {
	return async (sent) => {
		const at = random();
		if (at < throttled) return throttle(sent);
		if (at < throttled + failed) return after(sent, random, () => sent.failure(sent.service === 's3' ? 'InternalError' : 'InternalFailure', 'We encountered an internal error. Please try again.', 500));
		if (at < throttled + failed + broken) return after(sent, random, () => undefined);
		return sent.forward();
	};
}

function throttle(sent: Sent): Answer {
	const [code, status] = throttling[sent.service] ?? ['ThrottlingException', 400];
	return sent.failure(code, 'Rate exceeded', status);
}

async function after(sent: Sent, random: () => number, answer: () => Answer | undefined): Promise<Answer | undefined> {
	if (random() < 0.5) await sent.forward();
	return answer();
}

/** Nothing comes through for that long, from a certain call on. `over`: it is back. */
export function outage({ afterCalls, seconds }: { afterCalls: number; seconds: number }): { readonly interfere: Interference; readonly over: Promise<void> } {
	let [calls, until] = [0, Infinity];
	let end: () => void = () => {};
	const over = new Promise<void>((resolve) => (end = resolve));
	const interfere: Interference = async (sent) => {
		calls += 1;
		if (calls === afterCalls) {
			until = performance.now() + seconds * 1000;
			setTimeout(end, seconds * 1000);
		}
		return calls >= afterCalls && performance.now() < until ? undefined : sent.forward();
	};
	return { interfere, over };
}

/** S3 is consistent, and what STS says of a key does not change. */
const consistent = new Set(['s3', 'sts', '']);
const ids = /\b(?:vpc|subnet|sg|sgr|igw|rtb|rtbassoc|fs|fsap|fsmt|eni)-[0-9a-f]{8,17}\b/g;

/** Reads are up to so many seconds behind: they are answered as they were within that time, and as if what was made since did not exist. */
export function staleReads(seconds: number): Interference {
	const answers = new Map<string, { at: number; answer: Answer }[]>();
	const made = new Map<string, number>();
	return async (sent) => {
		if (consistent.has(sent.service)) return sent.forward();
		if (sent.mutates) {
			const answer = await sent.forward();
			// Others name in their answers what was there before.
			if (!/^(ec2|elasticfilesystem) (Create|Authorize|Associate)/.test(`${sent.service} ${sent.operation}`)) return answer;
			for (const [id] of answer.body.toString().matchAll(ids)) if (!made.has(id)) made.set(id, performance.now());
			return answer;
		}
		const then = performance.now() - seconds * 1000;
		const query = createHash('sha1').update(`${sent.service} ${sent.method} ${sent.target} ${sent.body.toString()}`).digest('hex');
		const known = answers.get(query) ?? [];
		const young = [...sent.body.toString().concat(sent.target).matchAll(ids)].map(([id]) => id).filter((id) => (made.get(id) ?? 0) > then);
		const now = { at: performance.now(), answer: await withoutYoung(sent, young) };
		answers.set(query, [...known, now]);
		return (known.find(({ at }) => at >= then) ?? now).answer;
	};
}

/** Asks for ids that nobody has instead, in the same words. */
async function withoutYoung(sent: Sent, young: readonly string[]): Promise<Answer> {
	if (young.length === 0) return sent.forward();
	const others = young.map((id) => [id, id.replace(/[0-9a-f]{4}$/, '0bad')] as const);
	const disguised = others.reduce(({ target, body }, [id, other]) => ({ target: target.replaceAll(id, other), body: body.replaceAll(id, other) }), { target: sent.target, body: sent.body.toString() });
	const answer = await sent.forward({ target: disguised.target, body: Buffer.from(disguised.body) });
	return { ...answer, body: Buffer.from(others.reduce((text, [id, other]) => text.replaceAll(other, id), answer.body.toString())) };
}

/** The session of a temporary key ends after so many of its calls: then it is refused for ever. */
export function expiry({ afterCalls, isTemporary }: { afterCalls: number; isTemporary: (accessKey: string) => boolean }): Interference {
	const used = new Map<string, number>();
	return async (sent) => {
		const calls = (used.get(sent.accessKey) ?? 0) + 1;
		used.set(sent.accessKey, calls);
		if (!isTemporary(sent.accessKey) || calls <= afterCalls) return sent.forward();
		if (sent.service === 'ec2') return sent.failure('RequestExpired', 'Request has expired.', 400);
		const isJson = !['s3', 'iam', 'rds', 'sts', 'elasticloadbalancing'].includes(sent.service);
		return sent.failure(isJson ? 'ExpiredTokenException' : 'ExpiredToken', 'The security token included in the request is expired', isJson ? 400 : 403);
	};
}

/** The portal of IAM Identity Center: hands out keys that are good for a minute, until the person has to log in again. */
export function portal({ afterLooks }: { afterLooks: number }): { readonly interfere: Interference; readonly logIn: () => void } {
	let looks = 0;
	const interfere: Interference = async (sent) => {
		if (!sent.target.startsWith('/federation/credentials')) return sent.forward();
		looks += 1;
		if (looks > afterLooks) return json(401, { message: 'Session token not found or invalid' }, { 'x-amzn-errortype': 'UnauthorizedException' });
		return json(200, { roleCredentials: { accessKeyId: 'ASIALOCAL', secretAccessKey: 'local', sessionToken: 'local', expiration: Date.now() + 60_000 } });
	};
	return { interfere, logIn: () => void (looks = Number.NEGATIVE_INFINITY) };
}

function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
	return { status, headers: { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers }, body: Buffer.from(JSON.stringify(body)) };
}
