import { Exit, UserError } from '../errors.ts';
import { optInRegions } from './regions.ts';
import type { Failure, Where } from './errors.ts';

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired', 'ExpiredTokenError']);
const unknownKeys = new Set(['InvalidClientTokenId', 'UnrecognizedClientException', 'AuthFailure', 'InvalidAccessKeyId', 'InvalidToken']);
const skewed = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture', 'InvalidSignatureException', 'SignatureDoesNotMatch']);

/** IAM Identity Center's answer where a login has ended or was taken away (GetRoleCredentials). */
const loggedOut = /Session token not found or invalid/i;

/** What the SDK's default chain looks at, in its order (docs.aws.amazon.com/sdkref, "Standardized credential providers"). */
const chain = 'environment variables, the shared configuration files (profile, SSO, process, web identity), the container, and the instance';

/** Missing, expired and unknown credentials, and clocks that make good ones useless. */
export function explainCredentials(failure: Failure): UserError | undefined {
	const { code, message, error, where } = failure;
	if (isExpired(code, message)) return expiredError(failure);
	if (code === 'CredentialsProviderError' || code === 'TokenProviderError') return noCredentials(where, error);
	if (unknownKeys.has(code)) return unknownCredentials(failure);
	if (skewed.has(code)) {
		return new UserError('ClockOrKey', `AWS refuses the signature: the secret key is wrong, or this machine's clock is (${message})`, {
			hint: 'date -u   # compare with https://time.is, then check AWS_SECRET_ACCESS_KEY',
			cause: error,
		});
	}
	return undefined;
}

/** No credentials at all: found before the first call. */
export function noCredentials({ profile }: Where, cause: unknown): UserError {
	const reason = cause instanceof Error ? ` (${cause.message.split('\n')[0]})` : '';
	return new UserError('NoCredentials', `no AWS credentials were found: the default chain tried ${chain}${profile === undefined ? '' : `, with profile ${profile}`}${reason}`, {
		hint: 'airflow-deploy up --local   # needs none; for AWS: aws configure, or aws sso login',
		exit: Exit.usage,
		cause,
	});
}

function isExpired(code: string, message: string): boolean {
	if (expired.has(code)) return true;
	return /^(Credentials|Token)ProviderError$/.test(code) && (/expired|refresh.*SSO|sso login/i.test(message) || loggedOut.test(message));
}

function expiredError({ message, error, where: { profile } }: Failure): UserError {
	const flag = profile === undefined ? '' : ` --profile ${profile}`;
	const login = /SSO|sso/.test(message) || loggedOut.test(message) || profile !== undefined;
	return new UserError('ExpiredCredentials', `the AWS credentials have expired: ${message.split('\n')[0]}`, {
		hint: login ? `aws sso login${flag}   # then run the same command again: it goes on where it stopped` : 'renew them (AWS_SESSION_TOKEN is temporary; with SSO: aws sso login), then run the same command again: it goes on where it stopped',
		cause: error,
	});
}

/** A region that is not opted in answers as if the keys were bad. */
function unknownCredentials({ code, message, error, where: { region } }: Failure): UserError {
	if (region !== undefined && optInRegions.has(region)) {
		return new UserError('RegionNotOptedIn', `AWS does not accept these credentials in ${region} (${code}): the region has to be opted in for the account, or the credentials are wrong`, {
			hint: `aws account get-region-opt-status --region-name ${region} --region us-east-1   # an account administrator enables it`,
			cause: error,
		});
	}
	return new UserError('UnknownCredentials', `AWS does not know these credentials: ${message}`, {
		hint: 'aws sts get-caller-identity   # check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE',
		cause: error,
	});
}
