import type { ImportError, RecordedObject, StatusDocument } from '../../environment/documents.ts';
import { columns, count, cut, duration, tally } from '../format.ts';
import type { Render, Style } from './style.ts';

/** One screen at 80 columns: the environment, its health, its bundle, its services, and what AWS no longer shows. */
export const renderStatus: Render<StatusDocument> = (status, style) => {
	const title = `${style.colour.bold(status.environment)}  ${phase(status, style)}  ${place(status)}`;
	if (status.phase === 'absent') return `${title}\nnothing is up`;
	return [title, '', ...health(status, style), ...services(status, style), ...resources(status.resources, style)].join('\n');
};

function place({ target, account, region, endpoint }: StatusDocument): string {
	return `${target} target, account ${account}, ${region}${target === 'local' || endpoint === null ? '' : `\nat ${endpoint}`}`;
}

function phase({ phase }: StatusDocument, { colour }: Style): string {
	return { absent: colour.dim, partial: colour.yellow, up: colour.green, unhealthy: colour.red }[phase](phase);
}

function health({ webserver, scheduler, bundle }: StatusDocument, style: Style): string[] {
	const { colour } = style;
	const verdict = (healthy: boolean): string => (healthy ? colour.green('healthy') : colour.red('not healthy'));
	const beat = scheduler.heartbeatAgeSeconds === null ? 'no heartbeat seen' : `heartbeat ${duration(scheduler.heartbeatAgeSeconds)} ago`;
	return [
		`web page   ${webserver.url ?? 'no address'}  ${verdict(webserver.healthy)}`,
		`scheduler  ${verdict(scheduler.healthy)}, ${beat}`,
		`bundle     ${bundleState(bundle)}`,
		...importErrorLines(bundle.importErrors, style),
	];
}

function bundleState({ uploaded, parsed, dags }: StatusDocument['bundle']): string {
	if (uploaded === null) return 'none uploaded';
	if (uploaded === parsed) return `${uploaded}, parsed: ${count(dags, 'DAG')}`;
	return `${uploaded} uploaded, ${parsed === null ? 'nothing parsed yet' : `${parsed} parsed: ${count(dags, 'DAG')}`}`;
}

/** `dags/broken.py:3: SyntaxError: …`, as editors and CI annotate it. */
export function importErrorLines(errors: readonly ImportError[], { colour, width }: Style): string[] {
	if (errors.length === 0) return [];
	const lines = errors.flatMap(({ file, line, message }) => {
		const [first = '', ...rest] = message.trim().split('\n');
		const last = rest.findLast((text) => text.trim() !== '')?.trim();
		// A traceback's last line is the error itself.
		const text = first.startsWith('Traceback') && last !== undefined ? last : first;
		return cut(`  ${file}${line === null ? '' : `:${line}`}: ${text}`, Math.max(width, 80));
	});
	return [colour.red(`${count(errors.length, 'import error')}:`), ...lines];
}

function services({ services }: StatusDocument, { colour }: Style): string[] {
	if (services.length === 0) return [];
	const rows = services.map(({ name, desired, running, pending, taskDefinition, rollout }) => [name, `${running}/${desired}${pending > 0 ? ` +${pending}` : ''}`, rollout, taskDefinition]);
	const [head = '', ...lines] = columns([['service', 'running', 'rollout', 'task definition'], ...rows]);
	return ['', colour.dim(head), ...lines];
}

function resources(recorded: readonly RecordedObject[], { colour, width }: Style): string[] {
	const counts = tally(recorded.map(({ status }) => status));
	const others = recorded.filter(({ status }) => status !== 'ready');
	const rows = columns(others.slice(0, 10).map(({ key, type, id, status }) => [`  ${key}`, type, id ?? '', status])).map((line) => cut(line, width));
	const more = others.length > 10 ? [`  and ${others.length - 10} more: airflow-deploy state list`] : [];
	return ['', `${count(recorded.length, 'recorded object')}${recorded.length > 0 ? `: ${counts}` : ''}`, ...rows.map((row) => colour.yellow(row)), ...more];
}
