import type { ConnectionDocument } from '../environment/documents.ts';
import type { Database, DatabaseConnection } from '../environment/environment.ts';
import { Exit, UserError } from '../errors.ts';
import type { Tunnel } from '../session/tunnel.ts';
import { renderConnection } from '../ui/render/connection.ts';
import { commandFlags } from '../ui/render/up.ts';
import { noBranch } from './branch-choice.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag, value } from './define.ts';

const databases = ['postgres', 'mysql'] as const satisfies readonly Database[];
const host = '127.0.0.1';

export const connect = defineCommand({
	name: 'connect',
	summary: 'open a tunnel to a database of a branch, or run a command through it',
	positionals: {
		name: { help: 'of the branch', required: true },
		database: { help: 'what to connect to', choices: databases, required: true },
		command: { help: 'words, after --, of a program of this machine; none: the tunnel stays until Ctrl-C', variadic: true },
	},
	options: {
		port: value('<number>', 'of this machine (default: a free one)'),
		'show-password': flag('print the password too'),
	},
	endless: true,
	ownFailure: ({ command }) => (Array.isArray(command) && command.length > 0 ? Exit.execFailed : undefined),
	async run(context, { name, database, command, port: given, 'show-password': showPassword }) {
		const port = given === undefined ? 0 : portOf(given);
		const { assertBranchName } = await import('../config/branch-name.ts');
		// What main is, its anchor tells.
		if (name !== 'main') assertBranchName(name, { project: context.config.project, region: context.region.name });
		const aws = await context.connectIfUp();
		if (aws === undefined) throw noBranch(context, name);
		const connection = await (await context.environment(aws, { name })).database(database as Database);
		const { openTunnel } = await import('../session/tunnel.ts');
		const refused = (): void => context.ui.note(`${database} of ${name} refused a connection: it is not ready, or has as many as it takes`);
		const tunnel = await openTunnel({ port, start: connection.start, refused });
		try {
			return await use(context, { name, database: database as Database, command, showPassword, connection, tunnel });
		} finally {
			tunnel.close();
		}
	},
});

interface Connected {
	readonly name: string;
	readonly database: Database;
	readonly command: readonly string[];
	readonly showPassword: boolean;
	readonly connection: DatabaseConnection;
	readonly tunnel: Tunnel;
}

async function use(context: CommandContext, { name, database, command, showPassword, connection, tunnel }: Connected): Promise<number> {
	const { databaseClient } = await import('./database-client.ts');
	const login = { ...connection, host, port: tunnel.port };
	const client = await databaseClient(database, login);
	try {
		if (command.length > 0) return await runThrough(context, tunnel, client.withFile(command), client.variables);
		const document: ConnectionDocument = {
			environment: name, database, host, port: tunnel.port, username: login.username, databaseName: login.database,
			password: showPassword ? login.password : null, url: client.url({ password: showPassword }), command: client.command,
		};
		context.ui.result(document, renderConnection);
		return await stay(context, name, database, tunnel);
	} finally {
		await client.dispose();
	}
}

async function runThrough({ io, ui, lendSignals }: CommandContext, tunnel: Tunnel, words: readonly string[], variables: Readonly<Record<string, string | undefined>>): Promise<number> {
	const { runProgram } = await import('./run-program.ts');
	let running = true;
	void tunnel.ended.then((reason) => {
		if (running) ui.note(`the tunnel ended while ${words[0]} ran: ${reason}`);
	});
	try {
		return await runProgram({ io, lendSignals, say: (text) => ui.note(text) }, words, variables);
	} finally {
		running = false;
	}
}

/** Until Ctrl-C. @throws UserError `TunnelLost` */
async function stay({ signal, ui, config }: CommandContext, name: string, database: Database, tunnel: Tunnel): Promise<number> {
	const interrupted = new Promise<undefined>((resolve) => {
		if (signal.aborted) resolve(undefined);
		signal.addEventListener('abort', () => resolve(undefined), { once: true });
	});
	ui.note('the tunnel is open until Ctrl-C');
	const reason = await Promise.race([interrupted, tunnel.ended]);
	if (reason === undefined) return Exit.ok;
	throw new UserError('TunnelLost', `the tunnel to ${database} of ${name} ended: ${reason}`, { hint: `airflow-deploy branch connect ${name} ${database}${commandFlags({ ...config, environment: 'main' })}` });
}

function portOf(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
	throw new UserError('InvalidPort', `--port: "${text}" is no port: a number from 1 to 65535`, { hint: 'the same without --port: takes a free one', exit: Exit.usage });
}
