import { readFile } from 'node:fs/promises';
import { Exit, UserError } from '../errors.ts';
import type { Latency } from '../local/control.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag, type Group, value } from './define.ts';
import type { RuntimeName } from './local-endpoint.ts';
import { runtimeFlag, runtimeOf } from './runtime-flag.ts';

interface EndpointDocument {
	readonly running: boolean;
	readonly url: string | null;
	readonly pid: number | null;
	/** ISO 8601. */
	readonly startedAt: string | null;
	readonly memoryMegabytes: number | null;
	/** What runs tasks. */
	readonly runtime: RuntimeName | null;
	readonly directory: string;
}

function renderEndpoint({ running, url, pid, startedAt, memoryMegabytes, runtime }: EndpointDocument): string {
	return running ? `the local endpoint runs at ${url} (process ${pid}, ${memoryMegabytes} MB, since ${startedAt}); tasks are ${runtime === 'docker' ? 'Docker containers' : 'processes'}` : 'the local endpoint does not run';
}

async function describe({ local }: CommandContext): Promise<EndpointDocument> {
	const { directory } = local;
	const status = await local.status();
	if (!status.running) return { running: false, url: null, pid: null, startedAt: null, memoryMegabytes: null, runtime: null, directory };
	const { url, pid, startedAt, memoryMegabytes, runtime } = status;
	return { running: true, url, pid, startedAt, memoryMegabytes, runtime, directory };
}

function notRunning(): UserError {
	return new UserError('EndpointDown', 'the local endpoint does not run', { hint: 'airflow-deploy local start' });
}

const start = defineCommand({
	name: 'start',
	summary: 'start AWS endpoints on this machine',
	starts: true,
	options: {
		port: value('<number>', 'where to listen (default: any free port)'),
		latency: value('<pace>', "how much of AWS's time things take (default: none)", ['none', 'aws', 'aws/20']),
		...runtimeFlag,
		iam: flag('allow callers what the policies of their user or role do, and nothing else'),
	},
	async run(context, { port, latency, iam, ...choice }) {
		if ((latency !== undefined || iam) && (await context.local.status()).running) throw new UserError('EndpointRuns', 'the local endpoint runs already, as it was started: --latency and --iam are for a new one', { hint: 'airflow-deploy local stop', exit: Exit.usage });
		await context.local.ensure({ ...(port === undefined ? {} : { port: portNumber(port) }), ...(latency === undefined ? {} : { latency: latency as Latency }), iam, ...runtimeOf(choice) });
		context.ui.result(await describe(context), renderEndpoint);
		return Exit.ok;
	},
});

function portNumber(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port > 0 && port < 65536) return port;
	throw new UserError('InvalidPort', `--port: "${text}" is no port: a number from 1 to 65535`, { hint: 'airflow-deploy local start', exit: Exit.usage });
}

const stop = defineCommand({
	name: 'stop',
	summary: 'end them and all that runs behind them',
	async run(context) {
		const stopped = await context.local.stop();
		context.ui.result({ stopped }, () => (stopped ? 'the local endpoint has ended' : 'the local endpoint did not run'));
		return Exit.ok;
	},
});

const reset = defineCommand({
	name: 'reset',
	summary: 'empty their account without restarting',
	async run(context) {
		if (!(await context.local.status()).running) throw notRunning();
		await context.ui.confirm('Type reset to remove everything from the local account', 'reset');
		await context.local.reset();
		context.ui.result(await describe(context), () => 'the local account is empty');
		return Exit.ok;
	},
});

const status = defineCommand({
	name: 'status',
	summary: 'show whether they run, and where',
	async run(context) {
		context.ui.result(await describe(context), renderEndpoint);
		return Exit.ok;
	},
});

const env = defineCommand({
	name: 'env',
	summary: 'print the exports that point any AWS client at them',
	async run({ local, ui, region }) {
		const status = await local.status();
		if (!status.running) throw notRunning();
		ui.result(await local.environment(status.url, region.name), renderExports);
		return Exit.ok;
	},
});

/** For `eval "$(airflow-deploy local env)"`. */
function renderExports(variables: Readonly<Record<string, string>>): string {
	return Object.entries(variables).map(([name, value]) => (value === '' ? `unset ${name}` : `export ${name}='${value}'`)).join('\n');
}

const logs = defineCommand({
	name: 'logs',
	summary: 'print what they logged',
	async run({ local, ui }) {
		const path = await local.log();
		const text = await readFile(path, 'utf8').catch((error: unknown) => {
			throw new UserError('NoLog', `there is no log of a local endpoint here: ${path}`, { hint: 'airflow-deploy local start', cause: error });
		});
		ui.result({ path, text }, () => text.trimEnd());
		return Exit.ok;
	},
});

export const local: Group = { name: 'local', summary: 'AWS endpoints on this machine: start, stop, status, env …', commands: [start, stop, reset, status, env, logs] };
