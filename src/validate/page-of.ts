import type { OwnRun, Session } from './session.ts';
import type { WebPage } from './web-page.ts';

/** The page, in checks that need it. */
export function pageOf({ page }: Session): WebPage {
	if (page === undefined) throw new Error('a check that needs the web page ran without it');
	return page;
}

/** The run that this validation started of a DAG. */
export function runOf({ runs }: Session, dagId: string): OwnRun {
	const run = runs.find((own) => own.dagId === dagId);
	if (run === undefined) throw new Error(`a check that needs a run of ${dagId} ran without it`);
	return run;
}
