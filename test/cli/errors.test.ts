import { describe, expect, test } from 'vitest';
import { withFlags } from '../../src/commands/advice.ts';
import { explain, type Where } from '../../src/aws/errors.ts';
import { UserError } from '../../src/errors.ts';

function failure(name: string, message = '', members: object = {}): Error {
	return Object.assign(new Error(message), { name, ...members });
}
const node = (code: string, message: string, members: object = {}) => Object.assign(new Error(message), { code, ...members });

function explained(error: unknown, where?: Where): { code: string; exit: number; text: string } | undefined {
	const found = explain(error, where);
	return found && { code: found.code, exit: found.exit, text: `${found.message}\n-> ${found.hint}` };
}

describe('credentials', () => {
	test('none', () => {
		const found = explained(failure('CredentialsProviderError', 'Could not load credentials from any providers'));
		expect(found).toMatchObject({ code: 'NoCredentials', exit: 2 });
		expect(found?.text).toContain('airflow-deploy up --local');
	});

	test.each([
		['ExpiredToken', 'The security token included in the request is expired'],
		['ExpiredTokenException', 'The security token included in the request is expired'],
		['RequestExpired', 'Request has expired.'],
	])('%s', (name, message) => {
		expect(explained(failure(name, message))).toMatchObject({ code: 'ExpiredCredentials', exit: 1 });
	});

	test('an expired SSO session names the login', () => {
		const found = explained(failure('CredentialsProviderError', 'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.'), { profile: 'dev' });
		expect(found).toMatchObject({ code: 'ExpiredCredentials', exit: 1 });
		expect(found?.text).toContain('-> aws sso login --profile dev');
	});

	test('a login of IAM Identity Center that ends while a command works', () => {
		const found = explained(failure('CredentialsProviderError', 'UnauthorizedException: Session token not found or invalid'));
		expect(found).toMatchObject({ code: 'ExpiredCredentials', exit: 1 });
		expect(found?.text).toContain('-> aws sso login ');
	});

	test('unknown keys, and a region that has to be opted in', () => {
		const error = failure('InvalidClientTokenId', 'The security token included in the request is invalid.');
		expect(explained(error, { region: 'eu-west-1' })?.code).toBe('UnknownCredentials');
		expect(explained(error, { region: 'eu-south-1' })?.text).toMatchInlineSnapshot(`
			"AWS does not accept these credentials in eu-south-1 (InvalidClientTokenId): the region has to be opted in for the account, or the credentials are wrong
			-> aws account get-region-opt-status --region-name eu-south-1 --region us-east-1   # an account administrator enables it"
		`);
	});

	test('a wrong clock', () => {
		expect(explained(failure('SignatureDoesNotMatch', 'Signature expired: 20260101T000000Z is now earlier than …'))?.text).toContain("this machine's clock");
	});
});

describe('refusals say which kind of policy, and who can change it', () => {
	const text = 'User: arn:aws:sts::123456789012:assumed-role/dev/me is not authorized to perform: ecs:CreateCluster on resource: arn:aws:ecs:eu-west-1:123456789012:cluster/airflow-shared ';
	test.each([
		['with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1', 'AWS organisation'],
		['with an explicit deny in an identity-based policy', 'remove the denial'],
		['because no permissions boundary allows the ecs:CreateCluster action', 'widen the boundary'],
		['because no identity-based policy allows the ecs:CreateCluster action', 'airflow-deploy policy'],
		['because no session policy allows the ecs:CreateCluster action', 'role that has more rights'],
	])('%s', (tail, who) => {
		const found = explained(failure('AccessDeniedException', text + tail));
		expect(found?.code).toBe('AccessDenied');
		expect(found?.text).toContain('AWS refuses ecs:CreateCluster on arn:aws:ecs:eu-west-1:123456789012:cluster/airflow-shared to arn:aws:sts::123456789012:assumed-role/dev/me');
		expect(found?.text.split('->')[1]).toContain(who);
	});

	test("EC2's encoded message", () => {
		expect(explained(failure('UnauthorizedOperation', 'You are not authorized to perform this operation. Encoded authorization failure message: abcDEF123'))?.text).toMatchInlineSnapshot(`
			"AWS refuses the call (You are not authorized to perform this operation.): it is not allowed
			-> aws sts decode-authorization-message --encoded-message abcDEF123   # tells which policy; an account administrator can attach what airflow-deploy policy prints"
		`);
	});
});

describe('what an account cannot do', () => {
	test.each([
		['BlockedException', 'Your account is currently blocked', 'AccountNotOpened'],
		['Blocked', 'This account is currently blocked and not recognized as a valid account.', 'AccountNotOpened'],
		['Error', 'Your account is currently blocked. Verify your account on this page', 'AccountNotOpened'],
		['NotSignedUp', 'Your account is not signed up for the S3 service.', 'AccountNotOpened'],
		['OperationNotPermitted', 'This AWS account currently does not support creating load balancers. For more information, please contact AWS Support.', 'AccountNotOpened'],
		['PendingVerification', 'Your request for accessing resources in this region is being validated', 'AccountNotOpened'],
		['OptInRequired', 'You are not subscribed to this service.', 'AccountNotOpened'],
		['FreeTierRestrictionError', "This instance size isn't available with free plan accounts.", 'FreePlan'],
		['Error', 'You’ve reached the limit on the number of vCPUs you can run concurrently', 'QuotaReached'],
		['VpcLimitExceeded', 'The maximum number of VPCs has been reached.', 'QuotaReached'],
		['InvalidParameterException', 'Unable to assume the service linked role. Please verify that the ECS service linked role exists.', 'ServiceLinkedRole'],
		['UnsupportedAvailabilityZone', 'Mount targets are not supported in this Availability Zone.', 'ZoneUnfit'],
		['BucketAlreadyExists', 'The requested bucket name is not available.', 'BucketTaken'],
	])('%s: %s', (name, message, code) => {
		expect(explained(failure(name, message))).toMatchObject({ code, exit: 1, text: expect.stringContaining(message) as string });
	});
});

describe('network', () => {
	test('a host that does not exist', () => {
		const found = explained(node('ENOTFOUND', 'getaddrinfo ENOTFOUND sts.eu-wets-1.amazonaws.com', { hostname: 'sts.eu-wets-1.amazonaws.com' }), { region: 'eu-wets-1' });
		expect(found?.text).toMatchInlineSnapshot(`
			"sts.eu-wets-1.amazonaws.com cannot be resolved (ENOTFOUND): this machine has no network, or region eu-wets-1 does not exist or lacks the service
			-> check the network and --region, e.g. airflow-deploy up --region eu-central-1; airflow-deploy up --local needs neither"
		`);
	});

	test('a dead endpoint, also where Node tried several addresses', () => {
		const refused = node('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:9');
		const where = { endpoint: 'http://localhost:9' };
		expect(explained(refused, where)).toMatchObject({ code: 'EndpointDown', exit: 1 });
		expect(explained(new AggregateError([refused], ''), where)?.code).toBe('EndpointDown');
	});

	test('a proxy that opens TLS', () => {
		expect(explained(node('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'))?.text).toContain('NODE_EXTRA_CA_CERTS');
	});
});

test('throttling', () => {
	expect(explained(failure('ThrottlingException', 'Rate exceeded'))).toMatchObject({ code: 'Throttled', exit: 1 });
});

test('any other answer of a service, by its own words', () => {
	const error = failure('InvalidParameterException', 'Creation of service was not idempotent.', { $metadata: { httpStatusCode: 400, requestId: 'r-1' } });
	expect(explained(error)).toEqual({ code: 'AwsRefused', exit: 1, text: 'AWS answered InvalidParameterException (400): Creation of service was not idempotent.\n-> the same command with --verbose shows the call; AWS support can look up request r-1' });
	expect(explained(failure('InternalFailure', '', { $metadata: { httpStatusCode: 500 } }))?.code).toBe('AwsFailed');
	expect(explained(failure('NotImplemented', '', { $metadata: { httpStatusCode: 501 } }))?.text).not.toContain('again');
});

test('causes are looked through; advice in them is kept; everything else is not explained', () => {
	const advice = new UserError('X', 'known');
	expect(explain(new Error('outer', { cause: new Error('middle', { cause: advice }) }))).toBe(advice);
	expect(explained(new Error('outer', { cause: failure('ExpiredToken') }))?.code).toBe('ExpiredCredentials');
	expect(explain(new TypeError('x is not a function'))).toBeUndefined();
	expect(explain('text')).toBeUndefined();
});

describe('hints get the flags of the run', () => {
	test.each([
		['airflow-deploy state recover   # then', ' --local', 'airflow-deploy state recover --local   # then'],
		['airflow-deploy up', ' --local --env x', 'airflow-deploy up --local --env x'],
		['airflow-deploy up --local   # needs none', ' --local --env x', 'airflow-deploy up --env x --local   # needs none'],
		['airflow-deploy status --env y', ' --env x', 'airflow-deploy status --env y'],
		['airflow-deploy local start   # then airflow-deploy plan', ' --local', 'airflow-deploy local start   # then airflow-deploy plan --local'],
		['airflow-deploy init', ' --local', 'airflow-deploy init'],
		['aws sso login', ' --local', 'aws sso login'],
		['airflow-deploy up', '', 'airflow-deploy up'],
		['airflow-deploy up', ' --local --region eu-west-1 --profile dev', 'airflow-deploy up --local --region eu-west-1 --profile dev'],
		['main is up in eu-west-1: add --region eu-west-1', ' --region us-east-2', 'main is up in eu-west-1: add --region eu-west-1'],
	])('%s with "%s"', (hint, flags, expected) => {
		expect(withFlags(new UserError('X', 'x', { hint }), flags).hint).toBe(expected);
	});
});
