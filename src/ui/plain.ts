import { duration, firstLine } from './format.ts';
import { advance, endedLine, newProgress, timeLeft } from './progress.ts';
import type { Printer, PrinterOptions } from './terminal.ts';

/** A quiet pipe is told what runs this often, milliseconds. */
const heartbeat = 30_000;

/** A line for each step that ended and each new note, for pipes, files and CI. */
export function plainPrinter({ stream, history, explain, clock = () => performance.now() }: PrinterOptions): Printer {
	let progress = newProgress();
	let timer: NodeJS.Timeout | undefined;
	const told = new Set<string>();
	const line = (text: string): void => {
		stream.write(`${text}\n`);
		timer?.refresh();
	};
	const tellWhatRuns = (): void => {
		if (progress.running.size === 0) return;
		const left = timeLeft(progress, history, clock());
		const steps = [...progress.running].map(([key, { since, note }]) => `${key} (${duration((clock() - since) / 1000)}${note === undefined ? '' : `: ${note}`})`);
		line(`still running: ${steps.join(', ')}${left === undefined ? '' : `; about ${duration(left)} left`}`);
	};
	const tellOnce = (text: string): void => {
		// A note that only counts up ("12 s") is the same note.
		const gist = text.replaceAll(/\d+(\.\d+)?/g, '#');
		if (told.has(gist)) return;
		told.add(gist);
		line(text);
	};
	return {
		event(event) {
			progress = advance(progress, event, clock());
			timer ??= setInterval(tellWhatRuns, heartbeat).unref();
			if (event.type === 'done' && event.action !== 'none') line(endedLine(event));
			if (event.type === 'failed') line(`${event.key} failed: ${firstLine(explain(event.error))}`);
			if (event.type === 'note') tellOnce(`${event.key}: ${event.message}`);
		},
		busy: tellOnce,
		stop() {
			clearInterval(timer);
			timer = undefined;
		},
	};
}
