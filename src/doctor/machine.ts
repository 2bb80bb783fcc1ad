import { execa } from 'execa';
import { isLoopback } from '../aws/loopback.ts';
import { dockerHost } from '../resources/docker.ts';
import { systemBrowser } from '../validate/browser.ts';
import { type Check, failed, type Finding, ok, type Patient } from './check.ts';

/** What this machine needs. */
export const machineChecks: readonly Check<Patient>[] = [
	{ name: 'node', run: () => Promise.resolve(nodeFinding(process.versions.node)) },
	{ name: 'docker', run: docker },
	{ name: 'python', run: python },
	{ name: 'browser', run: ({ env }) => browser(env) },
];

/** The SDK's own limit is 20; 20.19 is the first that loads all of our libraries. */
export function nodeFinding(version: string): Finding {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	if (major > 20 || (major === 20 && minor >= 19)) return ok(`v${version}`);
	return failed(`v${version} is too old: 20.19 is needed`, 'install Node 22: https://nodejs.org/en/download');
}

async function docker({ config, endpoint }: Patient): Promise<Finding> {
	if (config.target === 'local' || isLoopback(endpoint)) return ok('not needed by the local endpoint');
	if (config.image !== undefined) return ok(`not needed: AIRFLOW_DEPLOY_IMAGE is ${config.image}`);
	return ok(`the engine answers at ${await dockerHost()}`);
}

/** Only the local target runs Python on this machine. */
async function python({ config, endpoint, env }: Patient): Promise<Finding> {
	if (config.target !== 'local' && !isLoopback(endpoint)) return ok('not needed on this machine');
	const found = await Promise.all([versionOf('python3', env), versionOf('uv', env)]);
	const versions = found.filter((version) => version !== undefined);
	if (versions.length === 0) return failed('neither python3 nor uv is on PATH, and the local target needs one of them', 'apt-get install python3 python3-venv   # or: curl -LsSf https://astral.sh/uv/install.sh | sh');
	return ok(versions.join(', '));
}

async function versionOf(command: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
	const { stdout, failed } = await execa(command, ['--version'], { env, extendEnv: false, reject: false, timeout: 10_000 });
	return failed ? undefined : stdout.trim().replace(/ \(.*\)$/, '');
}

async function browser(env: NodeJS.ProcessEnv): Promise<Finding> {
	const path = systemBrowser(env);
	if (path !== undefined) return ok(path);
	const bundled = await import('@sparticuz/chromium').then(
		() => true,
		() => false,
	);
	return ok(bundled ? 'the one in @sparticuz/chromium' : "none: validate proves through Airflow's REST API instead; install Chromium for screenshots");
}
