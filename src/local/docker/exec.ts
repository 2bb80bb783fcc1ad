import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Terminal, TerminalSize } from '../ecs/runtime.ts';
import { type Engine, EngineError } from './engine.ts';
import { piecesOf } from './output.ts';

/** Where commands run. */
export interface ExecPlace {
	readonly engine: Engine;
	/** Its id. */
	readonly container: string;
	/** A process by the number that this machine gives it, with all it started. */
	readonly kill: (pid: number) => Promise<void>;
}

interface InspectedExec {
	readonly Running: boolean;
	/** null while it runs, and where its container ended first. */
	readonly ExitCode: number | null;
	readonly Pid: number;
}

/** The ECS API's limit for what a health check prints. */
const longestOutput = 4096;
/** How often the engine is asked for what it tells nobody by itself. */
const askMilliseconds = 100;

/** Runs a command to its end. @throws Error as Go words it where there is no such program */
export async function runInside(place: ExecPlace, command: readonly string[], timeoutSeconds: number): Promise<{ exitCode: number; output: string }> {
	const { engine } = place;
	const id = await create(place, { AttachStdout: true, AttachStderr: true, Cmd: command });
	const stream = await engine.stream('POST', `/exec/${id}/start`, { body: { Detach: false, Tty: false } }).catch(refuseToStart);
	const timer = setTimeout(() => void kill(place, id), timeoutSeconds * 1000);
	let output = '';
	await piecesOf(stream, (bytes) => void (output = `${output}${bytes.toString()}`.slice(0, longestOutput))).catch(() => {});
	clearTimeout(timer);
	const exitCode = await exitOf(place, id);
	refuseMissing(exitCode, output);
	// What could not be started for another reason found its container ended.
	return { exitCode: notRun.test(output) ? 137 : exitCode, output };
}

/** As root, whoever the container's user is: so does ECS Exec. @throws Error as Go words it where there is no such program */
export async function openTerminal(place: ExecPlace, command: readonly string[], size: TerminalSize): Promise<Terminal> {
	const { engine } = place;
	const id = await create(place, { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true, User: '0', Env: ['TERM=xterm-256color'], Cmd: command });
	const socket = await engine.hijack(`/exec/${id}/start`, { body: { Detach: false, Tty: true } }).catch(refuseToStart);
	// Writing to a terminal that has just ended is no failure.
	socket.on('error', () => {});
	const resize = ({ columns, rows }: TerminalSize): Promise<void> => engine.ask<void>('POST', `/exec/${id}/resize`, { query: { w: String(columns), h: String(rows) } }).catch(() => {});
	// The engine keeps it until the program begins, which would else see no size.
	const [{ Running, ExitCode }] = await Promise.all([begun(place, id), resize(size)]);
	if (!Running) await refuseMissingTerminal(socket, ExitCode);
	return {
		output: socket,
		write: (bytes) => void socket.write(bytes),
		resize: (size) => void resize(size),
		kill() {
			void kill(place, id);
			// Nobody reads what is left.
			socket.destroy();
		},
		exited: exitOf(place, id),
	};
}

async function create({ engine, container }: ExecPlace, body: object): Promise<string> {
	const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/${container}/exec`, { body });
	return Id;
}

const inspect = ({ engine }: ExecPlace, id: string): Promise<InspectedExec> => engine.ask<InspectedExec>('GET', `/exec/${id}/json`);

/** The answer to a start comes before the program runs, or cannot. */
async function begun(place: ExecPlace, id: string): Promise<InspectedExec> {
	for (;;) {
		const exec = await inspect(place, id);
		if (!exec.Running || exec.Pid > 0) return exec;
		await delay(20);
	}
}

async function kill(place: ExecPlace, id: string): Promise<void> {
	const { Running, Pid } = await inspect(place, id).catch(() => ({ Running: false, Pid: 0 }));
	if (Running && Pid > 0) await place.kill(Pid).catch(() => {});
}

/** With an engine that is gone, or a container that is, the command is too. */
async function exitOf(place: ExecPlace, id: string): Promise<number> {
	for (;;) {
		const { Running, ExitCode } = await inspect(place, id).catch(() => ({ Running: false, ExitCode: null }));
		if (!Running) return ExitCode ?? 137;
		await delay(askMilliseconds, undefined, { ref: false });
	}
}

/** Some engines refuse a program that is not there, others print that and end with 126 or 127. */
const notRun = /^(OCI runtime exec failed: |cannot exec in a stopped state)/;
const refusal = /^OCI runtime exec failed: .*?(exec: ".*?)(?:: unknown)?\s*$/s;

function refuseToStart(error: unknown): never {
	const words = error instanceof EngineError ? refusal.exec(error.message)?.[1] : undefined;
	throw words === undefined ? error : new Error(words);
}

function refuseMissing(exitCode: number | null, output: string): void {
	const words = exitCode === 126 || exitCode === 127 ? refusal.exec(output)?.[1] : undefined;
	if (words !== undefined) throw new Error(words);
}

async function refuseMissingTerminal(socket: Socket, exitCode: number | null): Promise<void> {
	if (exitCode !== 126 && exitCode !== 127) return;
	const bytes = await new Promise<Buffer>((resolve) => socket.once('data', resolve).once('end', () => resolve(Buffer.alloc(0))));
	socket.pause();
	socket.unshift(bytes);
	refuseMissing(exitCode, bytes.toString());
}
