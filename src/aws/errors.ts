import { UserError } from '../errors.ts';
import { explainAccount } from './account-errors.ts';
import { explainCredentials } from './credential-errors.ts';
import { explainNetwork } from './network-errors.ts';
import { explainRefusal } from './refusals.ts';

/** What the advice may name. */
export interface Where {
	readonly region?: string | undefined;
	readonly profile?: string | undefined;
	readonly endpoint?: string | undefined;
}

/** The members of SDK and Node errors that tell what happened. */
export interface Failure {
	/** AWS's error code (`AccessDenied`), the SDK's class (`CredentialsProviderError`) or Node's code (`ENOTFOUND`). */
	readonly code: string;
	readonly message: string;
	readonly error: Error & { readonly hostname?: string; readonly address?: string; readonly port?: number; readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string } };
	readonly where: Where;
}

type Explain = (failure: Failure) => UserError | undefined;

const explainers: readonly Explain[] = [explainCredentials, explainAccount, explainRefusal, explainNetwork, explainThrottling, explainAnswer];

/**
 * Turns what AWS, the SDK or the network answered into advice; undefined for everything else.
 * Looks through the chain of causes; a UserError in it is returned as it is.
 */
export function explain(error: unknown, where: Where = {}): UserError | undefined {
	for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth += 1) {
		if (current instanceof UserError) return current;
		const found = explainOne(current, where);
		if (found !== undefined) return found;
		// Node tries all addresses of a host and wraps the failures.
		if (current instanceof AggregateError && current.errors.length > 0) {
			const inner = explain(current.errors[0], where);
			if (inner !== undefined) return inner;
		}
	}
	return undefined;
}

function explainOne(error: Error, where: Where): UserError | undefined {
	const node = (error as NodeJS.ErrnoException).code;
	for (const code of new Set([error.name, ...(typeof node === 'string' ? [node] : [])])) {
		for (const explainer of explainers) {
			const found = explainer({ code, message: error.message, error, where });
			if (found !== undefined) return found;
		}
	}
	return undefined;
}

const throttling = new Set(['Throttling', 'ThrottlingException', 'ThrottledException', 'RequestLimitExceeded', 'TooManyRequestsException', 'RequestThrottled', 'RequestThrottledException', 'SlowDown', 'PriorRequestNotComplete', 'EC2ThrottledException', 'BandwidthLimitExceeded']);

function explainThrottling({ code, message, error }: Failure): UserError | undefined {
	if (!throttling.has(code)) return undefined;
	return new UserError('Throttled', `AWS limits how often this account may call it, and eight tries were too many: ${message}`, {
		hint: 'run the same command again in a minute: it goes on where it stopped',
		cause: error,
	});
}

/** Any other answer of a service: its own words say most. */
function explainAnswer({ code, message, error }: Failure): UserError | undefined {
	if (error.$metadata?.httpStatusCode === undefined) return undefined;
	const { httpStatusCode, requestId } = error.$metadata;
	// 501: what an endpoint does not have, it will not have the next time.
	const passing = httpStatusCode >= 500 && httpStatusCode !== 501;
	return new UserError(passing ? 'AwsFailed' : 'AwsRefused', `AWS answered ${code} (${httpStatusCode}): ${message}`, {
		hint: passing ? 'run the same command again: it goes on where it stopped' : `the same command with --verbose shows the call${requestId === undefined ? '' : `; AWS support can look up request ${requestId}`}`,
		cause: error,
	});
}
