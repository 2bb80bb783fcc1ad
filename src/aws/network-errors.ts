import { UserError } from '../errors.ts';
import type { Failure } from './errors.ts';

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'TimeoutError', 'EPIPE']);
const untrusted = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** Names that do not resolve, endpoints that do not answer, certificates that are not trusted. */
export function explainNetwork(failure: Failure): UserError | undefined {
	const { code, message, error } = failure;
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return unknownHost(failure);
	if (unreachable.has(code)) return notReached(failure);
	if (untrusted.has(code)) {
		return new UserError('UntrustedCertificate', `the certificate of AWS's endpoint is not trusted (${message}): a proxy that opens TLS, or a wrong AWS_ENDPOINT_URL`, {
			hint: "export NODE_EXTRA_CA_CERTS=/path/to/the/proxy's/ca.pem",
			cause: error,
		});
	}
	return undefined;
}

function unknownHost({ code, error, where }: Failure): UserError {
	const host = error.hostname ?? error.message.split(' ').at(-1) ?? 'the host';
	if (where.endpoint !== undefined && host === hostOf(where.endpoint)) {
		return new UserError('EndpointUnknown', `AWS_ENDPOINT_URL names ${host}, a host that does not exist (${code})`, { hint: 'unset AWS_ENDPOINT_URL', cause: error });
	}
	return new UserError('HostUnknown', `${host} cannot be resolved (${code}): this machine has no network, or region ${where.region ?? ''} does not exist or lacks the service`.replace('region  ', 'the region '), {
		hint: 'check the network and --region, e.g. airflow-deploy up --region eu-central-1; airflow-deploy up --local needs neither',
		cause: error,
	});
}

function notReached({ code, message, error, where: { endpoint } }: Failure): UserError {
	if (endpoint !== undefined) return deadEndpoint(endpoint, code, error);
	return new UserError('NotReached', `AWS cannot be reached: ${message || code}`, { hint: 'check network, proxy and firewall, then run the same command again: it goes on where it stopped', cause: error });
}

/** An endpoint URL where nobody listens. */
export function deadEndpoint(endpoint: string, reason: string, cause: unknown): UserError {
	return new UserError('EndpointDown', `nothing answers at ${endpoint} (${reason})`, {
		hint: 'airflow-deploy local start   # prints the URL of the local endpoint; or unset AWS_ENDPOINT_URL',
		cause,
	});
}

function hostOf(url: string): string | undefined {
	return URL.canParse(url) ? new URL(url).hostname : undefined;
}
