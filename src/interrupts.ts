import { Exit } from './errors.ts';
import type { Ui } from './ui/ui.ts';

/** The part of `process` that signals come from. */
export interface Signals {
	on(name: NodeJS.Signals, listener: () => void): unknown;
	off(name: NodeJS.Signals, listener: () => void): unknown;
}

/** Until the returned function is called, signals go to `taker` alone. */
export type LendSignals = (taker: (name: NodeJS.Signals) => void) => () => void;

export interface Interrupts {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal;
	readonly lend: LendSignals;
	dispose(): void;
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal of a graceful command stops new steps and lets running ones end, the second ends the process at once: the
 * state is complete at every moment. An endless command ends by its signal; all others end at the first.
 */
export function watchInterrupts(process: { readonly signals: Signals; exit(code: number): void }, command: { graceful?: true; endless?: true }, ui: () => Ui | undefined): Interrupts {
	const { graceful = false, endless = false } = command;
	const controller = new AbortController();
	let taker: ((name: NodeJS.Signals) => void) | undefined;
	const listener = (name: NodeJS.Signals): void => {
		if (taker) return taker(name);
		if (controller.signal.aborted || !(graceful || endless)) {
			ui()?.close();
			process.exit(Exit.interrupted);
			return;
		}
		const shown = ui();
		if (graceful && shown?.asking === false) shown.note('stopping: steps that run are awaited, no new ones start; again to stop at once');
		controller.abort();
	};
	const listeners = names.map((name) => ({ name, listen: () => listener(name) }));
	for (const { name, listen } of listeners) process.signals.on(name, listen);
	return {
		signal: controller.signal,
		lend: (given) => {
			taker = given;
			return () => (taker = undefined);
		},
		dispose: () => {
			for (const { name, listen } of listeners) process.signals.off(name, listen);
		},
	};
}
