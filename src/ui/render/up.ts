import type { UpDocument } from '../../environment/documents.ts';
import { count, duration } from '../format.ts';
import { importErrorLines } from './import-errors.ts';
import { loginLines } from './login.ts';
import type { Render, Style } from './style.ts';

/** How `up` and `deploy` end: the address, who logs in, and what to know about both. */
export const renderUp: Render<UpDocument> = (document, style) => {
	const { webserver, bundle, login } = document;
	const flags = commandFlags(document) + (style.placeFlags ?? '');
	const lines = [
		summary(document, style),
		'',
		`web page   ${style.colour.cyan(webserver.url ?? 'no address yet')}`,
		...(login.auth === 'db' ? ['user       admin', `password   airflow-deploy credentials${flags}`] : loginLines(login, style)),
		...(document.expiresAt === null ? [] : [`until      ${document.expiresAt}; branch create --ttl extends it`]),
		...(bundle.parsed === null ? [] : [`DAGs       ${bundle.dags}, bundle ${bundle.parsed}`]),
	];
	if (webserver.url?.startsWith('http://') === true) lines.push('', style.colour.dim(`Plain HTTP on the task's own address, which changes at each replacement:\nairflow-deploy open${flags} finds it. To remove all this:\n${removal(document, style)}`));
	return [...lines, ...errors(document, style)].join('\n');
};

/** A branch has a database beside it. */
function removal(document: UpDocument, { placeFlags = '' }: Style): string {
	const isBranch = document.services.some(({ containers }) => containers.includes('postgres'));
	return isBranch ? `airflow-deploy branch delete ${document.environment}${commandFlags({ ...document, environment: 'main' })}${placeFlags}` : `airflow-deploy teardown${commandFlags(document)}${placeFlags}`;
}

/** How `upload` ends. */
export const renderUpload: Render<UpDocument> = (document, style) => {
	const { bundle } = document;
	const state = bundle.uploaded === null ? 'nothing was uploaded' : bundle.parsed === bundle.uploaded ? `bundle ${bundle.uploaded} is parsed: ${count(bundle.dags, 'DAG')}` : `bundle ${bundle.uploaded} is uploaded; no scheduler has parsed it yet`;
	const restart = document.restartNeeded ? [`plugins, config or webserver_config.py changed: airflow-deploy deploy${commandFlags(document)}${style.placeFlags ?? ''} restarts the services with them`] : [];
	return [summary(document, style), state, ...restart, ...errors(document, style)].join('\n');
};

/** How `db-init` ends. */
export const renderDbInit: Render<UpDocument> = (document, style) => [summary(document, style), 'the database is initialised'].join('\n');

function summary({ environment, steps, wallSeconds }: UpDocument, { colour }: Style): string {
	const changed = steps.filter(({ action }) => action !== 'none').length;
	const what = changed === 0 ? `no change: ${count(steps.length, 'step')} checked` : `${changed} of ${count(steps.length, 'step')} done`;
	return `${colour.green('✔')} ${colour.bold(environment)}: ${what} in ${duration(wallSeconds)}`;
}

function errors({ bundle }: UpDocument, style: Style): string[] {
	const lines = importErrorLines(bundle.importErrors, style);
	return lines.length === 0 ? [] : ['', ...lines, 'the other DAGs run on; correct these and run airflow-deploy upload'];
}

/** The flags of this run that say where: another command would look elsewhere without them. */
export function placeFlags({ region, profile }: { region?: string; profile?: string }): string {
	return `${region === undefined ? '' : ` --region ${region}`}${profile === undefined ? '' : ` --profile ${profile}`}`;
}

/** The flags that make another command be about the same environment. */
export function commandFlags({ environment, target }: { environment: string; target: string }): string {
	return `${target === 'local' ? ' --local' : ''}${environment === 'main' ? '' : ` --env ${environment}`}`;
}
