import { stripVTControlCharacters } from 'node:util';
import { explain } from '../aws/errors.ts';
import { type Check, CheckFailed, isOk, type Result } from './check.ts';
import type { Session } from './session.ts';

/** Told how each check ended. */
export interface Observer {
	end(result: Result): void;
}

/** Carries out checks one after another; one whose needs have failed, or that Ctrl-C came before, is not checked. */
export async function perform(checks: readonly Check[], session: Session, results: Result[], observer: Observer): Promise<void> {
	for (const check of checks) {
		const began = Date.now();
		const outcome = await outcomeOf(check, session, results);
		const result: Result = {
			name: check.name,
			proves: check.proves,
			startSeconds: round((began - session.began) / 1000),
			seconds: round((Date.now() - began) / 1000),
			...outcome,
			screenshot: outcome.verdict === 'not-checked' ? undefined : await session.page?.screenshot().catch(() => undefined),
		};
		results.push(result);
		observer.end(result);
	}
}

type Outcome = Pick<Result, 'verdict' | 'detail' | 'hint' | 'lines'>;

async function outcomeOf(check: Check, session: Session, results: readonly Result[]): Promise<Outcome> {
	const blocker = check.needs.find((name) => !results.some((result) => result.name === name && isOk(result)));
	if (blocker !== undefined) return { verdict: 'not-checked', detail: `not checked: it needs ${blocker}`, lines: [] };
	if (session.signal.aborted && check.always !== true) return interrupted;
	try {
		const { detail, lines = [], leftOut } = await (check.always === true ? check.run(session) : unlessInterrupted(check.run(session), session.signal));
		return { verdict: leftOut === true ? 'left-out' : 'passed', detail, lines };
	} catch (error) {
		if (session.signal.aborted && check.always !== true) return interrupted;
		const { hint, ...failed } = failure(error);
		// Our commands are about deployments.
		return hint === undefined || (session.deployed.aws === undefined && hint.includes('airflow-deploy')) ? failed : { ...failed, hint };
	}
}

const interrupted: Outcome = { verdict: 'not-checked', detail: 'not checked: interrupted', lines: [] };

/** What runs in the browser cannot be cancelled, and need not be awaited. */
async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
	work.catch(() => {});
	let stop = (): void => {};
	const stopped = new Promise<never>((_, reject) => {
		stop = () => reject(new Error('interrupted'));
		if (signal.aborted) stop();
		signal.addEventListener('abort', stop, { once: true });
	});
	return Promise.race([work, stopped]).finally(() => signal.removeEventListener('abort', stop));
}

function failure(error: unknown): Outcome {
	if (error instanceof CheckFailed) return { verdict: 'failed', detail: error.message, hint: error.hint, lines: error.lines };
	const known = explain(error);
	if (known !== undefined) return { verdict: 'failed', detail: known.message, hint: known.hint, lines: [] };
	const message = error instanceof Error ? error.message : String(error);
	// Playwright's errors carry a log of many lines.
	const [first = '', ...rest] = stripVTControlCharacters(message).split('\n').filter((line) => line.trim() !== '');
	return { verdict: 'failed', detail: first, lines: rest.slice(0, 12) };
}

function round(seconds: number): number {
	return Math.round(seconds * 10) / 10;
}
