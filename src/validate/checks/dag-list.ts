import type { StatusDocument } from '../../environment/documents.ts';
import { type Check, CheckFailed, type Finding } from '../check.ts';
import { pageOf } from '../page-of.ts';
import type { Deployed } from '../session.ts';

/** DAGs on the first page of the list (Airflow's `[webserver] page_size`). */
const onOnePage = 100;

export const dagList: Check = {
	name: 'dag-list',
	proves: 'the DAG list shows the DAGs, without import errors',
	needs: ['login'],
	async run(session) {
		const page = pageOf(session);
		const [shown, dags] = [await page.dagList(), await page.api.dags()];
		session.dags = dags.map(({ dag_id }) => dag_id);
		if (shown.importErrors.length > 0) throw importErrors(shown.importErrors, session.deployed);
		const hidden = session.dags.slice(0, onOnePage).filter((dag) => dags.length <= onOnePage && !shown.dags.includes(dag));
		if (hidden.length > 0) throw new CheckFailed(`the DAG list does not show ${hidden.join(', ')}, which Airflow has`);
		if (dags.length === 0) throw new CheckFailed('the DAG list is empty', { hint: `airflow-deploy upload${session.deployed.flags}` });
		return { detail: `${count(dags.length)} without import errors: ${some(session.dags)}` };
	},
};

/** From what the scheduler's sidecar reports through the bucket. */
export const bundle: Check = {
	name: 'bundle',
	proves: 'the bundle that was uploaded last is the one that the scheduler has parsed',
	needs: ['scheduler'],
	async run({ deployed: { status, flags } }) {
		const { uploaded, parsed } = status.bundle;
		if (uploaded === null) throw new CheckFailed('no bundle is uploaded', { hint: `airflow-deploy upload${flags}` });
		if (parsed !== uploaded) throw new CheckFailed(`bundle ${uploaded} is uploaded, and ${parsed ?? 'none'} is parsed`, { hint: `airflow-deploy upload${flags}   # waits until it is` });
		return { detail: `${parsed} is uploaded and parsed` };
	},
};

/** Without a web page: the same report tells what could not be imported. */
export const reportedDags: Check = {
	name: 'dag-list',
	proves: 'the bundle is parsed without import errors, as dag-sync reports',
	needs: ['bundle'],
	async run({ deployed }): Promise<Finding> {
		const { bundle } = deployed.status;
		const errors = bundle.importErrors.map(({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message}`);
		if (errors.length > 0) throw importErrors(errors, deployed);
		return { detail: `${count(bundle.dags)} without import errors` };
	},
};

/** Names the file and the last line of each: the error itself; whole tracebacks below. */
function importErrors(errors: readonly string[], { status, flags }: Deployed): CheckFailed {
	const reported = status.bundle.importErrors.map((error) => gist(error));
	const named = reported.length > 0 ? reported : errors.map((error) => error.trim().split('\n').at(-1) ?? '');
	return new CheckFailed(`${errors.length} import error${errors.length === 1 ? '' : 's'}: ${named.join('; ')}`, {
		hint: `correct the file, then airflow-deploy upload${flags}`,
		lines: errors.flatMap((error) => error.trim().split('\n')).slice(-30),
	});
}

function gist({ file, line, message }: StatusDocument['bundle']['importErrors'][number]): string {
	const text = message.trim().split('\n').findLast((part) => part.trim() !== '') ?? message;
	return `${file}${line === null ? '' : `:${line}`}: ${text.trim()}`;
}

function count(dags: number): string {
	return `${dags} DAG${dags === 1 ? '' : 's'}`;
}

function some(names: readonly string[]): string {
	return names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
