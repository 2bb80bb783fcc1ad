import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Exit, UserError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, type Group } from './define.ts';

type EndpointDocument = { running: boolean; url: string | null; pid: number | null; directory: string };

const renderEndpoint = ({ running, url, pid }: EndpointDocument): string => (running ? `the local endpoint runs at ${url} (process ${pid})` : 'the local endpoint does not run');

async function describe({ local }: CommandContext): Promise<EndpointDocument> {
	const running = await local.running();
	return { running: running !== undefined, url: running?.url ?? null, pid: running?.pid ?? null, directory: local.directory };
}

function notRunning(): UserError {
	return new UserError('EndpointDown', 'the local endpoint does not run', { hint: 'airflow-deploy local start' });
}

const start = defineCommand({
	name: 'start',
	summary: 'start AWS endpoints on this machine',
	starts: true,
	async run(context) {
		await context.local.ensure();
		context.ui.result(await describe(context), renderEndpoint);
		return Exit.ok;
	},
});

const stop = defineCommand({
	name: 'stop',
	summary: 'end them and all that runs behind them',
	async run(context) {
		await context.local.stop();
		context.ui.result(await describe(context), renderEndpoint);
		return Exit.ok;
	},
});

const reset = defineCommand({
	name: 'reset',
	summary: 'empty their account without restarting',
	async run(context) {
		if ((await context.local.running()) === undefined) throw notRunning();
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
		const running = await local.running();
		if (running === undefined) throw notRunning();
		const variables = { ...(await local.environment(running.url)), AWS_REGION: region.name, AWS_DEFAULT_REGION: region.name };
		ui.result(variables, renderExports);
		return Exit.ok;
	},
});

function renderExports(variables: Readonly<Record<string, string>>): string {
	// A profile would win over the keys (SDK and AWS CLI alike).
	return ['unset AWS_PROFILE AWS_SESSION_TOKEN', ...Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`)].join('\n');
}

const logs = defineCommand({
	name: 'logs',
	summary: 'print what they logged',
	async run({ local, ui }) {
		const path = join(local.directory, 'endpoint.log');
		const text = await readFile(path, 'utf8').catch((error: unknown) => {
			throw new UserError('NoLog', `there is no log of a local endpoint here: ${path}`, { hint: 'airflow-deploy local start', cause: error });
		});
		ui.result({ path, text }, () => text.trimEnd());
		return Exit.ok;
	},
});

export const local: Group = { name: 'local', summary: 'AWS endpoints on this machine: start, stop, status, env …', commands: [start, stop, reset, status, env, logs] };
