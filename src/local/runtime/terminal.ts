import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { packageRoot } from '../../package.ts';
import type { Terminal, TerminalSize } from '../ecs/runtime.ts';
import type { SupervisedProgram } from './supervisor.ts';

const program = join(packageRoot, 'templates', 'terminal.py');

/** Starts a program on a pseudo-terminal under `terminal.py`, which ends it and everything it started when this process ends. */
export function startTerminal({ python, command, environment, directory }: Omit<SupervisedProgram, 'onLine'>, size: TerminalSize): Terminal {
	const child = spawn(python, ['-I', '-S', program, String(size.columns), String(size.rows), '--', ...command], {
		cwd: directory,
		env: { ...terminalEnvironment, ...environment },
		detached: true,
		stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
	});
	const [control, output, , typed] = child.stdio as unknown as [Writable, Readable, null, Writable];
	// Writing to a terminal that has just ended is no failure.
	for (const stream of [control, typed]) stream.on('error', () => {});
	const exited = once(child, 'exit').then(
		([code]: (number | null)[]) => code ?? 137,
		() => 126,
	);
	return {
		output,
		write: (bytes) => void typed.write(bytes),
		resize: ({ columns, rows }) => void control.write(`SIZE ${columns} ${rows}\n`),
		kill() {
			control.write('KILL\n');
			// Nobody reads what is left.
			output.destroy();
		},
		exited,
	};
}

/** What the Session Manager agent sets for the commands that it runs (amazon-ssm-agent, agent/session/plugins/shell). */
const terminalEnvironment = { TERM: 'xterm-256color' };
