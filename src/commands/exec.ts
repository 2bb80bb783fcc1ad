import type { Component } from '../environment/exec.ts';
import { Exit } from '../errors.ts';
import type { CommandMode } from '../session/wrapped-command.ts';
import type { Io } from '../ui/io.ts';
import { defineCommand, flag } from './define.ts';

const services = ['webserver', 'scheduler', 'dag-sync'] as const satisfies readonly Component[];

export const exec = defineCommand({
	name: 'exec',
	summary: 'run a command, or a shell, in a running container',
	positionals: {
		service: { help: 'where it runs', choices: services, required: true },
		command: { help: 'its words, after --; none: a shell', variadic: true },
	},
	options: { root: flag('as root, not as the user that Airflow is installed for') },
	endless: true,
	ownFailure: Exit.execFailed,
	async run({ io, connect, environment, signal }, { service, command, root }) {
		const [{ runCommandOn }, { wrapCommand }] = await Promise.all([import('./exec-session.ts'), import('../session/wrapped-command.ts')]);
		const mode = modeOf(io, command.length === 0);
		const wrapped = wrapCommand(command, { mode, asRoot: root });
		const address = await (await environment(await connect())).openCommand(service as Component, wrapped.command);
		return runCommandOn(io, address, { mode, marker: wrapped.marker, signal });
	},
});

/** A person at a terminal gets one there; else the output is the command's alone, and a pipe is its input. */
function modeOf({ stdin, stdout }: Io, isShell: boolean): CommandMode {
	if (stdin.isTTY === true) return stdout.isTTY === true || isShell ? 'terminal' : 'closed';
	return 'piped';
}
