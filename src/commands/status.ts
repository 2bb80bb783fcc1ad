import { setTimeout as delay } from 'node:timers/promises';
import type { Aws } from '../aws/clients.ts';
import type { RecordedObject, StatusDocument, TimelineDocument } from '../environment/documents.ts';
import { absent } from '../environment/absent.ts';
import { Exit, UserError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag } from './define.ts';
import { localAccount, otherPlace } from './target.ts';

const rendering = () => import('../ui/render/status.ts');

/** Seconds between two looks, and between two looks at every recorded object. */
const every = { look: 2, objects: 60 };

export const status = defineCommand({
	name: 'status',
	summary: 'show health, address, DAGs, and what AWS no longer shows',
	options: {
		watch: flag('go on looking, until Ctrl-C'),
		timeline: flag('show the last up as bars, with its critical path'),
	},
	endless: true,
	async run(context, { watch: goOn, timeline }) {
		if (goOn && (context.json || timeline)) throw new UserError('InvalidUsage', `--watch shows the status again and again: it cannot be used with ${timeline ? '--timeline' : '--json'}`, { hint: 'airflow-deploy status --watch', exit: Exit.usage });
		if (goOn) return watch(context);
		await untilInterrupted(context.signal, timeline ? showTimeline(context) : show(context));
		return Exit.ok;
	},
});

async function show(context: CommandContext): Promise<void> {
	const { ui } = context;
	const document = await statusOf(context);
	const { renderStatus } = await rendering();
	ui.result(document, renderStatus);
	const other = document.phase === 'absent' ? await otherPlace(context, document) : undefined;
	if (other !== undefined) ui.note(other);
}

/** With --json the status has one more member. */
async function showTimeline(context: CommandContext): Promise<void> {
	const { ui, json, config, connectIfUp, environment, region } = context;
	const place = (await connectIfUp()) ?? ({ account: localAccount, region: region.name } as Aws);
	const timeline = await (await environment(place)).lastTimeline();
	if (json) return ui.result({ ...(await statusOf(context)), timeline: timeline ?? null }, () => '');
	if (!timeline) throw new UserError('NoTimeline', `no up of ${config.environment} is recorded in this working directory`, { hint: 'airflow-deploy up' });
	const { renderTimeline } = await import('../ui/render/timeline.ts');
	ui.result<TimelineDocument>(timeline, renderTimeline);
}

/** Ctrl-C is told by the signal, so that it can end `--watch` well. */
async function untilInterrupted(signal: AbortSignal, work: Promise<void>): Promise<void> {
	const interrupted = new Promise<never>((_, reject) => {
		signal.addEventListener('abort', () => reject(new UserError('Interrupted', 'interrupted', { exit: Exit.interrupted })), { once: true });
	});
	await Promise.race([work, interrupted]);
}

async function watch(context: CommandContext): Promise<typeof Exit.ok> {
	const { ui, signal } = context;
	const { renderStatus, statusGist } = await rendering();
	let seen: { resources: readonly RecordedObject[]; at: number } | undefined;
	let document: StatusDocument | undefined;
	while (!signal.aborted) {
		try {
			const known = seen && performance.now() - seen.at < every.objects * 1000 ? seen.resources : undefined;
			document = await statusOf(context, known);
			if (document.phase === 'absent') seen = undefined;
			else if (!known) seen = { resources: document.resources, at: performance.now() };
			ui.live(document, renderStatus, statusGist);
		} catch (error) {
			// What can be seen for a while and then not is part of what is watched.
			if (document === undefined || !(error instanceof Error)) throw error;
			const [first = ''] = error.message.split('\n');
			ui.live(document, (shown, style) => `${renderStatus(shown, style)}\n\n${style.colour.red(`no answer now: ${first}`)}`, () => `no answer: ${first}`);
		}
		await delay(every.look * 1000, undefined, { signal }).catch(() => {});
	}
	return Exit.ok;
}

/**
 * The environment's status; absent where the local endpoint does not run.
 * @param seen recorded objects of an earlier look, which are then not asked for again
 */
export async function statusOf({ connectIfUp, environment, config, region }: CommandContext, seen?: readonly RecordedObject[]): Promise<StatusDocument> {
	const aws = await connectIfUp();
	if (aws !== undefined) return (await environment(aws)).status(seen);
	return absent({ environment: config.environment, target: config.target, account: localAccount, region: region.name, endpoint: null });
}
