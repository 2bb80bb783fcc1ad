import { request } from 'node:https';
import { isLoopback } from '../aws/loopback.ts';
import { Exit, UserError } from '../errors.ts';

/**
 * The CIDR block that lets the caller, and nobody else, reach the web page.
 * @param endpoint the endpoint URL in use; on loopback the caller is this machine
 * @throws UserError where the address cannot be found, or in CI, whose address is nobody's
 */
export async function callerCidr(endpoint: string | undefined, environment: NodeJS.ProcessEnv): Promise<string> {
	if (isLoopback(endpoint)) return '127.0.0.0/8';
	if (environment['CI'] === 'true') throw cidrsNeeded('CI=true, and the address of a CI machine is nobody to let in');
	const address = await publicAddress().catch((error: unknown) => {
		throw cidrsNeeded(`this machine's public IPv4 address could not be found (${error instanceof Error ? error.message : String(error)})`);
	});
	return `${address}/32`;
}

function cidrsNeeded(why: string): UserError {
	return new UserError('AllowedCidrsNeeded', `AIRFLOW_DEPLOY_ALLOWED_CIDRS is not set: ${why}`, {
		hint: 'export AIRFLOW_DEPLOY_ALLOWED_CIDRS=203.0.113.7/32 (the addresses that may reach the web page)',
		exit: Exit.usage,
	});
}

/** As AWS sees this machine: https://checkip.amazonaws.com answers one line. */
function publicAddress(): Promise<string> {
	return new Promise((resolve, reject) => {
		const call = request('https://checkip.amazonaws.com', { timeout: 5000, family: 4 }, (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (part: string) => (text += part));
			answer.on('end', () => {
				const address = text.trim();
				if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) resolve(address);
				else reject(new Error(`checkip.amazonaws.com answered "${address.slice(0, 40)}"`));
			});
		});
		call.on('timeout', () => call.destroy(new Error('checkip.amazonaws.com did not answer within 5 s')));
		call.on('error', reject).end();
	});
}
