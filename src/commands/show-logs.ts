import type { Aws } from '../aws/clients.ts';
import type { ComponentLogs, LogEvent } from '../logs/event.ts';
import { follow } from '../logs/follow.ts';
import { merge } from '../logs/merge.ts';
import { LogReader } from '../logs/reader.ts';
import { filterPattern, select, type Selection } from '../logs/selection.ts';
import { logLineRenderer } from '../ui/render/log-line.ts';
import type { CommandContext } from './context.ts';

interface Wanted {
	readonly aws: Aws;
	readonly groups: readonly ComponentLogs[];
	/** Milliseconds since 1970. */
	readonly from: number;
	readonly selection: Selection;
	readonly following: boolean;
}

/** Writes the lines. @returns how many; ends without an error when the reader of stdout has gone, or by Ctrl-C where it follows */
export async function showLogs({ ui, signal }: CommandContext, { aws, groups, from, selection, following }: Wanted): Promise<number> {
	let shown = 0;
	const render = logLineRenderer({ components: groups.length > 1 }, new Date().toISOString().slice(0, 10));
	const lines = ui.lines(render, ({ event }) => event);
	const show = async (events: readonly LogEvent[]): Promise<void> => {
		const wanted = events.flatMap((event) => select(event, selection) ?? []);
		shown += wanted.length;
		await lines.write(wanted);
	};
	const ended = AbortSignal.any([signal, lines.closed]);
	const reader = new LogReader(aws, groups);
	// Others than the tasks' own lines only mention a task, in their text.
	const patternOf = ({ component }: ComponentLogs): string | undefined => (component === 'task' ? filterPattern(selection) : undefined);
	try {
		if (following) await follow({ aws, reader, groups, from, patternOf, show, note: (line) => ui.note(line), signal: ended });
		else for await (const batch of merge(groups.map((group) => reader.pages(group, { from, pattern: patternOf(group), signal: ended })))) await show(batch);
	} catch (error) {
		if (!lines.closed.aborted && !(following && signal.aborted)) throw error;
	}
	return shown;
}
