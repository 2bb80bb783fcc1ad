import type { Where } from './aws/errors.ts';
import { Exit } from './errors.ts';
import { watchInterrupts } from './interrupts.ts';
import type { Interrupts, Signals } from './interrupts.ts';
import { type Invocation, parse } from './program.ts';
import type { Io } from './ui/io.ts';
import type { Ui } from './ui/ui.ts';

/** What `main` touches of its process; tests hand in their own. */
export interface MainIo extends Io {
	readonly signals: Signals;
	/** Ends the process at once: the second Ctrl-C. */
	exit(code: number): void;
}

/**
 * Runs one command line. Everything that ends a command ends here, and only here becomes an exit code (errors.ts, `Exit`).
 * @param argv without node and script
 * @returns the exit code
 */
export async function main(argv: readonly string[], given: Partial<MainIo> = {}): Promise<number> {
	const io: MainIo = { ...processIo(), ...given };
	if (io.stdout === process.stdout) passOverClosedPipes();
	let invocation: Invocation | undefined;
	try {
		invocation = parse(argv, (text) => void io.stdout.write(text));
	} catch (error) {
		return fail(error, {}, await openUi(io, { json: argv.includes('--json'), verbose: argv.includes('--verbose') }));
	}
	return invocation === undefined ? Exit.ok : run(invocation, io);
}

async function run({ command, path, flags, given }: Invocation, io: MainIo): Promise<number> {
	let ui: Ui | undefined;
	let where: Where = {};
	let about = '';
	const interrupts = watchInterrupts(io, command, () => ui);
	try {
		ui = await openUi(io, { ...flags, interrupts, where: () => where });
		const { openSession } = await import('./commands/session.ts');
		const session = await openSession({ command, path, flags, io, ui, signal: interrupts.signal, lendSignals: interrupts.lend, onPlace: (place) => (where = place) });
		about = session.flags;
		return await command.run(session, given);
	} catch (error) {
		const exit = await fail(error, { where, about, signal: interrupts.signal }, ui ?? (await openUi(io, flags)));
		const { ownFailure } = command;
		return (typeof ownFailure === 'function' ? ownFailure(given) : ownFailure) ?? exit;
	} finally {
		ui?.close();
		interrupts.dispose();
	}
}

interface Failed {
	readonly where?: Where;
	/** The flags that make another command be about the same environment. */
	readonly about?: string;
	readonly signal?: AbortSignal;
}

async function fail(error: unknown, { where = {}, about = '', signal }: Failed, ui: Ui): Promise<number> {
	const { advise, withFlags } = await import('./commands/advice.ts');
	const advice = withFlags(advise(error, where, signal), about);
	ui.error(advice);
	return advice.exit;
}

interface UiFlags {
	readonly json?: boolean;
	readonly yes?: boolean;
	readonly verbose?: boolean;
	readonly region?: string;
	readonly profile?: string;
	readonly interrupts?: Interrupts;
	readonly where?: () => Where;
}

async function openUi(io: Io, { json = false, yes = false, verbose = false, interrupts, where = () => ({}), ...place }: UiFlags): Promise<Ui> {
	const [{ createUi }, { advise }, { placeFlags }] = await Promise.all([import('./ui/ui.ts'), import('./commands/advice.ts'), import('./ui/render/up.ts')]);
	return createUi({ io, json, yes, verbose, placeFlags: placeFlags(place), signal: interrupts?.signal ?? new AbortController().signal, explain: (error) => advise(error, where()).message });
}

function processIo(): MainIo {
	return {
		stdout: process.stdout,
		stderr: process.stderr,
		stdin: process.stdin,
		env: process.env,
		cwd: process.cwd(),
		signals: process,
		exit: (code) => process.exit(code),
	};
}

/** `airflow-deploy status | head -1` closes the pipe early: no failure. */
function passOverClosedPipes(): void {
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') throw error;
	});
}
