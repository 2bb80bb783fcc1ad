import ora, { type Ora } from 'ora';
import pc from 'picocolors';
import type { Event } from '../engine/events.ts';
import { firstLine } from './format.ts';
import type { PastStep } from './history.ts';
import type { Output } from './io.ts';
import { advance, endedLine, newProgress, progressLine, timeLeft } from './progress.ts';

/** Shows what goes on while a command works. */
export interface Printer {
	event(event: Event): void;
	/** What is worked on outside of the graph, e.g. an installation; replaced by the next. */
	busy(text: string): void;
	/** Ends the moving line; what is printed stays. */
	stop(): void;
}

export interface PrinterOptions {
	readonly stream: Output;
	readonly colours: boolean;
	readonly history: readonly PastStep[];
	/** One line for an error that a step ended with. */
	readonly explain: (error: unknown) => string;
	/** Milliseconds, any origin. */
	readonly clock?: () => number;
}

/** One moving line: what runs, how long, what is left; steps that ended stand above it. */
export function terminalPrinter({ stream, colours, history, explain, clock = () => performance.now() }: PrinterOptions): Printer {
	const colour = pc.createColors(colours);
	let progress = newProgress();
	let spinner: Ora | undefined;
	let timer: NodeJS.Timeout | undefined;
	const show = (text: string): void => {
		spinner ??= ora({ stream, isEnabled: true, discardStdin: false, color: colours ? 'cyan' : false });
		spinner.text = text;
		if (!spinner.isSpinning) spinner.start();
	};
	const refresh = (): void => show(progressLine(progress, { now: clock(), left: timeLeft(progress, history, clock()), width: (stream.columns ?? 80) - 3 }));
	// ora hooks the stream: what is written while it spins appears above its line.
	const above = (line: string): void => void stream.write(`${line}\n`);
	return {
		event(event) {
			progress = advance(progress, event, clock());
			if (event.type === 'done' && event.action !== 'none') above(`${colour.green('✔')} ${endedLine(event)}`);
			if (event.type === 'failed') above(`${colour.red('✘')} ${event.key} failed: ${firstLine(explain(event.error))}`);
			if (event.type === 'note' && event.stays) above(`${colour.yellow('!')} ${event.key}: ${event.message}`);
			timer ??= setInterval(refresh, 250).unref();
			refresh();
		},
		busy(text) {
			show(text);
		},
		stop() {
			clearInterval(timer);
			timer = undefined;
			spinner?.stop();
		},
	};
}
