import { UserError } from '../errors.ts';
import type { Failure } from './errors.ts';

const codes = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'NotAuthorized', 'NotAuthorizedException', 'AuthorizationError', 'AuthorizationErrorException']);

interface Reason {
	readonly text: RegExp;
	readonly why: string;
	readonly who: string;
}

/** The tail of AWS's message says which kind of policy refused (docs.aws.amazon.com/IAM, "Troubleshoot access denied error messages"). */
const reasons: readonly Reason[] = [
	{ text: /service control policy|resource control policy/, why: "a policy of your organisation forbids it", who: 'only an administrator of the AWS organisation can allow it' },
	{ text: /permissions boundary/, why: 'your permissions boundary does not include it', who: 'an account administrator can widen the boundary' },
	{ text: /session policy/, why: 'the policy of your session does not include it', who: 'log in with a role that has more rights' },
	{ text: /VPC endpoint policy/, why: 'the policy of a VPC endpoint does not include it', who: 'a network administrator can widen it' },
	{ text: /explicit deny in a resource-based policy|no resource-based policy allows/, why: "the object's own policy does not allow it", who: 'its owner can change that policy' },
	{ text: /explicit deny/, why: 'a policy of yours forbids it', who: 'an account administrator can remove the denial' },
	{ text: /no identity-based policy allows/, why: 'no policy of yours allows it', who: 'an account administrator can attach what airflow-deploy policy prints' },
];
const unclear: Reason = { text: /./, why: 'it is not allowed', who: 'an account administrator can attach what airflow-deploy policy prints' };

/** A refused call: what may not be done to what, by whom, which kind of policy says so, and who can change it. */
export function explainRefusal({ code, message, error }: Failure): UserError | undefined {
	if (!codes.has(code)) return undefined;
	const [, user] = /User: (\S+)/.exec(message) ?? [];
	const [, action] = /not authorized to perform: ([\w-]+:\w+)/.exec(message) ?? [];
	const [, resource] = /on resource: (\S+)/.exec(message) ?? [];
	const { why, who } = reasons.find(({ text }) => text.test(message)) ?? unclear;
	const [, encoded] = /Encoded authorization failure message: (\S+)/.exec(message) ?? [];
	const subject = action === undefined ? `the call (${message.split(' Encoded authorization')[0]})` : `${action}${resource === undefined ? '' : ` on ${resource}`}`;
	return new UserError('AccessDenied', `AWS refuses ${subject}${user === undefined ? '' : ` to ${user}`}: ${why}`, {
		hint: encoded === undefined ? who : `aws sts decode-authorization-message --encoded-message ${encoded}   # tells which policy; ${who}`,
		cause: error,
	});
}
