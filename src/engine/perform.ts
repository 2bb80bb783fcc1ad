import { randomUUID } from 'node:crypto';
import type { Entry } from './entry.ts';
import { both, contextOf, entryOf, intent, type Job, permit, refresh, write } from './job.ts';
import { supersede } from './replace.ts';
import type { AnyAction } from './resource.ts';
import { isInterruption } from './track.ts';

/** Runs an action, unless it ran to its end with the same inputs and its result still stands. */
export async function perform<C>(job: Job<C>, action: AnyAction<C>): Promise<void> {
	const entry = entryOf(job);
	if (entry && entry.type !== action.type) return runNow(job, action, await supersede(job, action, entry));
	if (entry && (await stands(job, action, entry))) return refresh(job, entry);
	const again = entry?.status === 'creating' && entry.hash === job.hash;
	const next = intent(job, action, again ? { token: entry.token } : {});
	await runNow(job, action, entry ? { ...next, ...previousOf(entry), dependsOn: both(entry.dependsOn, job.needs) } : next);
}

async function stands<C>(job: Job<C>, action: AnyAction<C>, entry: Entry): Promise<boolean> {
	if (entry.status !== 'ready' || entry.hash !== job.hash || !entry.outputs) return false;
	return (await action.current?.(contextOf(job, entry), job.props, entry.outputs)) ?? true;
}

async function runNow<C>(job: Job<C>, action: AnyAction<C>, entry: Entry): Promise<void> {
	job.announce('run');
	await permit(job.run);
	await write(job, entry);
	try {
		const outputs = await action.run(contextOf(job, entry), job.props, entry.outputs);
		await write(job, { ...entry, status: 'ready', outputs, dependsOn: job.needs });
	} catch (error) {
		// With the old token AWS would answer the next try with the task that failed; an interrupted one is to be found again.
		if (!isInterruption(job.run, error)) await write(job, { ...entry, token: randomUUID() }).catch(() => {});
		throw error;
	}
}

function previousOf({ outputs }: Entry): Pick<Entry, 'outputs'> {
	return outputs ? { outputs } : {};
}
