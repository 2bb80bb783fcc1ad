import type { Death, RecordedObject, ServiceStatus, StatusDocument, TaskStatus } from '../../environment/documents.ts';
import { columns, count, cut, duration, tally } from '../format.ts';
import { importErrorLines } from './import-errors.ts';
import type { Render, Style } from './style.ts';

/** One screen at 80 columns: the environment, its health, its bundle, its services, and what AWS no longer shows. */
export const renderStatus: Render<StatusDocument> = (status, style) => {
	const title = `${style.colour.bold(status.environment)}  ${phase(status, style)}  ${place(status)}`;
	if (status.phase === 'absent') return `${title}\nnothing is up`;
	return [title, ...expiry(status, style), '', ...health(status, style), ...services(status, style), ...otherDeaths(status, style), ...resources(status.resources, style)].join('\n');
};

/** One line of it, for pipes: what a watcher wants to know when it changes. */
export function statusGist({ phase, webserver, scheduler, bundle, services, resources }: StatusDocument): string {
	const healthy = (is: boolean): string => (is ? 'healthy' : 'not healthy');
	const missing = resources.filter(({ status }) => status === 'missing').length;
	return [
		phase,
		...(phase === 'absent' ? [] : [`webserver ${healthy(webserver.healthy)}`, `scheduler ${healthy(scheduler.healthy)}`, `bundle ${bundleState(bundle)}`]),
		...(bundle.importErrors.length > 0 ? [count(bundle.importErrors.length, 'import error')] : []),
		...services.map(({ name, running, desired, taskDefinition, rollout }) => `${name} ${running}/${desired} ${rollout} ${taskDefinition.replace(`${name}:`, ':')}`),
		...services.flatMap(({ lastDeath }) => (lastDeath ? [`last death ${lastDeath.at}: ${lastDeath.cause}`] : [])),
		...(missing > 0 ? [`${count(missing, 'object')} missing`] : []),
	].join(', ');
}

function place({ target, account, region, endpoint }: StatusDocument): string {
	return `${target} target, account ${account}, ${region}${target === 'local' || endpoint === null ? '' : `\nat ${endpoint}`}`;
}

function phase({ phase }: StatusDocument, { colour }: Style): string {
	return { absent: colour.dim, partial: colour.yellow, up: colour.green, unhealthy: colour.red }[phase](phase);
}

function expiry({ expiresAt }: StatusDocument, { colour }: Style): string[] {
	if (expiresAt === null) return [];
	const isPast = Date.parse(expiresAt) <= Date.now();
	return [isPast ? colour.red(`its time was up at ${expiresAt}: branch create --ttl 3d brings it back, branch delete removes it`) : colour.dim(`until ${expiresAt}`)];
}

function health({ webserver, scheduler, workers, bundle }: StatusDocument, style: Style): string[] {
	const { colour } = style;
	const verdict = (healthy: boolean): string => (healthy ? colour.green('healthy') : colour.red('not healthy'));
	const beat = scheduler.heartbeatAgeSeconds === null ? 'no heartbeat seen' : `heartbeat ${duration(scheduler.heartbeatAgeSeconds)} ago`;
	return [
		`web page   ${webserver.url ?? 'no address'}  ${verdict(webserver.healthy)}`,
		`scheduler  ${verdict(scheduler.healthy)}, ${beat}`,
		...workersLine(workers),
		`bundle     ${bundleState(bundle)}`,
		...importErrorLines(bundle.importErrors, style),
	];
}

/** `workers    3 running, the oldest for 2:10: tutorial.sleep` */
function workersLine(workers: StatusDocument['workers']): string[] {
	if (workers === null) return [];
	const { running, oldest } = workers;
	const age = oldest?.ageSeconds ?? null;
	const since = age === null ? '' : `, ${running === 1 ? '' : 'the oldest '}for ${duration(age)}`;
	return [`workers    ${running === 0 ? 'none' : running} running${since}${oldest?.runs ? `: ${oldest.runs.dagId}.${oldest.runs.taskId}` : ''}`];
}

function bundleState({ uploaded, parsed, dags }: StatusDocument['bundle']): string {
	if (uploaded === null) return 'none uploaded';
	if (uploaded === parsed) return `${uploaded}, parsed: ${count(dags, 'DAG')}`;
	return `${uploaded} uploaded, ${parsed === null ? 'nothing parsed yet' : `${parsed} parsed: ${count(dags, 'DAG')}`}`;
}

function services({ services }: StatusDocument, style: Style): string[] {
	if (services.length === 0) return [];
	const rows = services.map(({ name, desired, running, pending, taskDefinition, rollout }) => [name, `${running}/${desired}${pending > 0 ? ` +${pending}` : ''}`, rollout, taskDefinition]);
	const [head = '', ...lines] = columns([['service', 'running', 'rollout', 'task definition'], ...rows]).map((line) => cut(line, style.width));
	return ['', style.colour.dim(head), ...services.flatMap((service, index) => [lines[index] ?? '', ...taskLines(service, style)])];
}

function taskLines({ tasks, taskDefinition, lastDeath }: ServiceStatus, style: Style): string[] {
	const { colour, width } = style;
	return [...tasks.map((task) => colour.dim(cut(`  ${taskLine(task, taskDefinition)}`, width))), ...(lastDeath ? deathLines(lastDeath, style) : [])];
}

/** `task 0f3a91c2  RUNNING, healthy, for 3:12`: its revision only where it is not the service's. */
function taskLine({ id, status, health, ageSeconds, taskDefinition }: TaskStatus, wanted: string): string {
	const parts = [status, ...(health === 'UNKNOWN' ? [] : [health.toLowerCase()]), ...(ageSeconds === null ? [] : [`for ${age(ageSeconds)}`]), ...(taskDefinition === wanted ? [] : [taskDefinition])];
	return `task ${id.slice(0, 8)}  ${parts.join(', ')}`;
}

function deathLines({ ageSeconds, class: kind, cause, record }: Death, { colour, width }: Style): string[] {
	return [colour.yellow(cut(`  last death ${age(ageSeconds)} ago (${kind}): ${cause}`, width)), colour.dim(cut(`  ${shortPath(record, width - 2)}`, width))];
}

/** A path that is too long as a pattern that any shell completes: a record's time tells it from the others. */
function shortPath(path: string, width: number): string {
	return path.length <= width ? path : path.replace(/(\/\d{8}T\d{6}Z)-.*$/, '$1*');
}

function otherDeaths({ deaths }: StatusDocument, style: Style): string[] {
	const [death] = deaths;
	return death ? ['', cut(death.service, style.width), ...deathLines(death, style)] : [];
}

/** `12 s`, `3:24`, `5 h`, `3 days`. */
function age(seconds: number): string {
	if (seconds < 60) return `${seconds} s`;
	if (seconds < 3600) return duration(seconds);
	return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** Of what is not ready: all of it together still fits on a screen of 24 lines. */
const listed = 7;

function resources(recorded: readonly RecordedObject[], { colour, width }: Style): string[] {
	const counts = tally(recorded.map(({ status }) => status));
	const others = recorded.filter(({ status }) => status !== 'ready');
	const rows = columns(others.slice(0, listed).map(({ key, type, id, status }) => [`  ${key}`, type, id ?? '', status])).map((line) => cut(line, width));
	const more = others.length > listed ? [`  and ${others.length - listed} more: airflow-deploy state list`] : [];
	return ['', `${count(recorded.length, 'recorded object')}${recorded.length > 0 ? `: ${counts}` : ''}`, ...rows.map((row) => colour.yellow(row)), ...more];
}
