import { callerCidr } from '../../environment/caller-address.ts';
import { type Check, CheckFailed } from '../check.ts';
import { readable, readLines } from '../log-lines.ts';
import type { Deployed } from '../session.ts';

/** Airflow's own words about itself: GET /health is 200 whatever it says (Airflow 2.5.3, "Checking Airflow Health Status"). */
export interface Health {
	readonly metadatabase: { readonly status: string | null };
	readonly scheduler: { readonly status: string | null; readonly latest_scheduler_heartbeat: string | null };
}

export const webPage: Check = {
	name: 'web-page',
	proves: 'the web page can be reached from here, and has its database',
	needs: [],
	async run({ deployed, page }) {
		const { url } = deployed.status.webserver;
		if (url === null) throw noAddress(deployed);
		const { metadatabase } = await readHealth(deployed, url);
		// Something answers: what it is can be seen.
		await page?.visit('/login/').catch(() => {});
		if (metadatabase.status !== 'healthy') throw new CheckFailed(`Airflow cannot use its database: it says ${metadatabase.status ?? 'nothing'} about it`, { hint: `airflow-deploy logs webserver${deployed.flags}` });
		await get(deployed, url, '/login/');
		return { detail: `answers at ${url}, and has its database` };
	},
};

export async function readHealth(deployed: Deployed, url: string): Promise<Health> {
	const text = await get(deployed, url, '/health');
	try {
		return JSON.parse(text) as Health;
	} catch (error) {
		throw new CheckFailed(`${url}/health is not Airflow's: it answers "${text.slice(0, 60).replaceAll('\n', ' ')}"`, { cause: error, hint: `airflow-deploy status${deployed.flags}` });
	}
}

async function get(deployed: Deployed, url: string, path: string): Promise<string> {
	const answer = await deployed.request(url + path, { seconds: 10 }).catch(async (error: unknown) => {
		throw await notReached(deployed, url, error);
	});
	if (answer.status === 200) return answer.text;
	const gateway = answer.status >= 502 && answer.status <= 504;
	throw new CheckFailed(`${url}${path} answered ${answer.status}${gateway ? ': something answers in the webserver\'s place, and has no healthy webserver behind it' : ''}`, {
		hint: `airflow-deploy logs webserver${deployed.flags}`,
		lines: await lastWebserverLines(deployed),
	});
}

function noAddress({ status, flags }: Deployed): CheckFailed {
	const service = status.services.find(({ containers }) => containers.includes('webserver'));
	if (service === undefined || service.running === 0) {
		const state = service === undefined ? 'its service does not exist' : `service ${service.name} has ${service.running} of ${service.desired} tasks running`;
		return new CheckFailed(`the web page has no address: no webserver runs, ${state}`, { hint: service?.desired === 0 ? `airflow-deploy deploy${flags}   # starts it again` : `airflow-deploy logs webserver${flags}` });
	}
	return new CheckFailed('the web page has no public address: its task runs in private subnets', {
		hint: `run airflow-deploy validate inside the VPC (VPN, Direct Connect, a machine there), or give it a public address: AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP=true airflow-deploy up${flags}`,
	});
}

/** A refused connection and a silent one have different causes, and different remedies. */
async function notReached(deployed: Deployed, url: string, error: unknown): Promise<CheckFailed> {
	const { flags } = deployed;
	const code = codeOf(error);
	if (code === 'ECONNREFUSED') {
		return new CheckFailed(`nothing listens at ${url}: the connection is refused (${code}), so the webserver is starting, or has died`, { cause: error, hint: `airflow-deploy logs webserver${flags}`, lines: await lastWebserverLines(deployed) });
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new CheckFailed(`${new URL(url).hostname} cannot be resolved (${code})`, { cause: error, hint: 'check the DNS record of AIRFLOW_DEPLOY_DOMAIN, and the network' });
	if (code.includes('CERT')) return new CheckFailed(`the certificate of ${url} is not trusted (${code})`, { cause: error, hint: 'export NODE_EXTRA_CA_CERTS=/path/to/ca.pem' });
	if (deployed.aws === undefined) return new CheckFailed(`${url} does not answer (${code})`, { cause: error });
	const here = await callerCidr(deployed.aws.endpoint, { ...process.env, CI: '' }).catch(() => undefined);
	const letsIn = deployed.allowedCidrs.join(', ') || 'nobody';
	const wrong = here !== undefined && !deployed.allowedCidrs.includes(here);
	return new CheckFailed(`${url} does not answer (${code}): its security group lets in ${letsIn}${here === undefined ? '' : `, and this machine is ${here}`}`, {
		cause: error,
		hint: wrong ? `AIRFLOW_DEPLOY_ALLOWED_CIDRS=${here} airflow-deploy up${flags}` : `a firewall or proxy between here and AWS may block port ${url.startsWith('https:') ? 443 : 8080}: try another network, or run it inside the VPC`,
	});
}

function codeOf(error: unknown): string {
	for (let current = error; current instanceof Error; current = current.cause) {
		const { code } = current as NodeJS.ErrnoException;
		if (typeof code === 'string') return code;
		if (current.name === 'TimeoutError') return 'no answer within 10 s';
	}
	return error instanceof Error ? error.message : String(error);
}

async function lastWebserverLines(deployed: Deployed): Promise<string[]> {
	const lines = await readLines(deployed, 'webserver', { since: Date.now() - 600_000 }).catch(() => []);
	return readable(lines.slice(-10)).slice(-15);
}
