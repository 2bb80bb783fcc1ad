import type { Environment } from '../environment/environment.ts';
import { CommandRun } from '../session/run-command.ts';
import { wrapCommand } from '../session/wrapped-command.ts';
import { CheckFailed } from './check.ts';

const program = ['python', '-m', 'airflow_deploy.validation_session'];

/** A session of the web page that was made in the webserver's container, for where no password logs anybody in. */
export interface ContainerSession {
	/** `name=value`. Never show it. */
	readonly cookie: string;
	/** Removes it, and its user. */
	close(): Promise<void>;
}

/** @throws CheckFailed with what the container said; UserError where no command can be run there */
export async function openContainerSession(environment: Pick<Environment, 'openCommand'>): Promise<ContainerSession> {
	const said = await runInWebserver(environment, [...program, 'open']);
	const [, cookie] = /\{"cookie": "([^"]+)"\}/.exec(said) ?? [];
	if (cookie === undefined) throw new CheckFailed('no session of the web page can be made in its container', { lines: said.trim().split('\n').slice(-10), hint: 'airflow-deploy exec webserver -- airflow db check' });
	return {
		cookie,
		close: async () => void (await runInWebserver(environment, [...program, 'close'])),
	};
}

async function runInWebserver(environment: Pick<Environment, 'openCommand'>, words: readonly string[]): Promise<string> {
	const { command, marker } = wrapCommand(words, { mode: 'closed', asRoot: false });
	const shown: Buffer[] = [];
	const run = new CommandRun(await environment.openCommand('webserver', command), {
		mode: 'closed',
		marker,
		input: nothing(),
		output: (bytes) => void shown.push(bytes),
		size: () => ({ columns: 200, rows: 50 }),
		// What was begun in the container is ended there, whatever is pressed meanwhile.
		signal: new AbortController().signal,
	});
	await run.exitCode;
	return Buffer.concat(shown).toString();
}

async function* nothing(): AsyncGenerator<Buffer> {}
