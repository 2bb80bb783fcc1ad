import { Exit } from './errors.ts';
import type { Ui } from './ui/ui.ts';

/** The part of `process` that signals come from. */
export interface Signals {
	on(name: NodeJS.Signals, listener: () => void): unknown;
	off(name: NodeJS.Signals, listener: () => void): unknown;
}

export interface Interrupts {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal;
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
	const listener = (): void => {
		if (controller.signal.aborted || !(graceful || endless)) {
			ui()?.close();
			process.exit(Exit.interrupted);
			return;
		}
		const shown = ui();
		if (graceful && shown?.asking === false) shown.note('stopping: steps that run are awaited, no new ones start; again to stop at once');
		controller.abort();
	};
	for (const name of names) process.signals.on(name, listener);
	return {
		signal: controller.signal,
		dispose: () => {
			for (const name of names) process.signals.off(name, listener);
		},
	};
}
