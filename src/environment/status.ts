import type { Service } from '@aws-sdk/client-ecs';
import { sharedReads } from '../aws/shared-reads.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Entries } from '../engine/state.ts';
import { readSyncStatus, type SyncStatus } from '../resources/bundle-parsed.ts';
import { describeService, lastPart } from '../resources/ecs.ts';
import { readManifest } from '../resources/upload-bundle.ts';
import { naming } from '../stacks/inputs.ts';
import { components, containersOf, serviceWith, services as recordedServices } from './components.ts';
import { absent } from './absent.ts';
import { recordedBranch } from './branch-options.ts';
import { keepNewDeaths, keptDeaths } from './deaths.ts';
import type { RecordedObject, ServiceStatus, StatusDocument, TaskStatus } from './documents.ts';
import { describeLogin, loginOf } from './login-option.ts';
import type { Options } from './options.ts';
import { currentAddress } from './recorded.ts';
import { recordedObjects } from './recorded-objects.ts';
import { runningTasks } from './running-tasks.ts';
import { readStates } from './session.ts';
import { keepWorkerDeaths, workersStatus } from './workers.ts';

/** Older reports than this say nothing about now: seconds. */
const reportsStaleAfter = 60;
const heartbeatLateAfter = 30;

/** What an earlier look found, each of which costs a call. */
export interface Seen {
	readonly resources: readonly RecordedObject[];
	/** Hash of the bundle that was uploaded last. */
	readonly uploaded?: string;
}

/**
 * The environment as AWS shows it now, beside what is recorded. Needs no network path to the tasks.
 * @param seen what need not be asked for again
 */
export async function status(given: Options, seen?: Seen): Promise<StatusDocument> {
	const options = { ...given, aws: sharedReads(given.aws) };
	const states = await readStates(options);
	const own = states.get(options.config.environment)?.entries ?? {};
	if (Object.keys(own).length === 0) return absent(header(options));

	const { aws, config } = options;
	const { bucket } = naming({ config, place: aws });
	const [{ found: services, statuses }, url, uploaded, report, workers, resources] = await Promise.all([
		describeServices(options, own).then(async (found) => ({ found, statuses: await serviceStatuses(options, own, found) })),
		currentAddress(options, own),
		seen?.uploaded ?? readManifest(options, bucket, config.environment).then((manifest) => manifest?.bundle ?? null),
		readSyncStatus(options, bucket, config.environment),
		workersStatus(options, own),
		seen ? [...seen.resources] : recordedObjects(options, states),
	]);
	const webserverTasks = statuses.services.find(({ containers }) => containers.includes('webserver'))?.tasks ?? [];
	const webserver = { url, healthy: isServing(serviceOf(services, own, 'webserver'), webserverTasks) };
	const scheduler = schedulerHealth(serviceOf(services, own, 'scheduler'), report);
	return {
		...header(options),
		phase: phase(own, resources, webserver.healthy && scheduler.healthy),
		expiresAt: recordedBranch(own['anchor']?.inputs['options'] as JsonObject | undefined)?.expiresAt ?? null,
		webserver,
		login: describeLogin(loginOf(own), url),
		scheduler,
		bundle: { uploaded, parsed: report?.bundle.parsed ?? null, dags: report?.dags ?? 0, importErrors: report?.importErrors ?? [] },
		workers,
		...statuses,
		resources,
	};
}

function header({ config, target, aws }: Options) {
	return { environment: config.environment, target, account: aws.account, region: aws.region, endpoint: aws.endpoint ?? null };
}

function phase(own: Entries, resources: readonly RecordedObject[], healthy: boolean): StatusDocument['phase'] {
	const complete = components.every((component) => serviceWith(own, component)?.status === 'ready');
	if (!complete || resources.some(({ status }) => status === 'missing')) return 'partial';
	return healthy ? 'up' : 'unhealthy';
}

async function describeServices({ aws }: Options, own: Entries): Promise<Service[]> {
	const found = await Promise.all(
		recordedServices(own).map(async ({ outputs }) => {
			const [cluster, name] = [text(outputs, 'cluster'), text(outputs, 'name')];
			return cluster === undefined || name === undefined ? undefined : describeService(aws, cluster, name);
		}),
	);
	return found.flatMap((service) => (service === undefined || service.status === 'INACTIVE' ? [] : service));
}

function serviceOf(services: readonly Service[], own: Entries, component: string): Service | undefined {
	const name = text(serviceWith(own, component)?.outputs, 'name');
	return services.find(({ serviceName }) => name !== undefined && serviceName === name);
}

function text(outputs: JsonObject | undefined, name: string): string | undefined {
	const value = outputs?.[name];
	return typeof value === 'string' ? value : undefined;
}

/** Each service with its tasks, and what is kept of their deaths since the environment was made. */
async function serviceStatuses(options: Options, own: Entries, services: readonly Service[]): Promise<Pick<StatusDocument, 'services' | 'deaths'>> {
	const since = own['anchor']?.startedAt ?? '';
	const before = await keptDeaths(options, since);
	const names = services.map(({ serviceName = '', clusterArn }) => ({ name: serviceName, cluster: lastPart(clusterArn) }));
	const [tasks] = await Promise.all([
		Promise.all(names.map(({ name, cluster }) => runningTasks(options.aws, cluster, name))),
		...names.map((service) => keepNewDeaths(options, service, before)),
		keepWorkerDeaths(options, own, before),
	]);
	const deaths = await keptDeaths(options, since);
	const others = deaths.filter(({ service }) => names.every(({ name }) => name !== service));
	return {
		services: services.map((service, index) => ({ ...serviceStatus(service), containers: containersOf(own, service.serviceName), tasks: tasks[index] ?? [], lastDeath: deaths.find((death) => death.service === service.serviceName) ?? null })),
		deaths: others.slice(0, 5),
	};
}

function serviceStatus(service: Service): Omit<ServiceStatus, 'containers' | 'tasks' | 'lastDeath'> {
	return {
		name: service.serviceName ?? '',
		desired: service.desiredCount ?? 0,
		running: service.runningCount ?? 0,
		pending: service.pendingCount ?? 0,
		taskDefinition: service.taskDefinition?.split('/').at(-1) ?? '',
		rollout: service.deployments?.find((deployment) => deployment.status === 'PRIMARY')?.rolloutState ?? 'UNKNOWN',
	};
}

/** A rollout is completed with a HEALTHY task, and stays so while that task is replaced. */
export function isServing(service: Service | undefined, tasks: readonly TaskStatus[]): boolean {
	return tasks.some(({ status, health }) => status === 'RUNNING' && health === 'HEALTHY') && service?.deployments?.some(({ rolloutState }) => rolloutState === 'COMPLETED') === true;
}

export function schedulerHealth(service: Service | undefined, report: SyncStatus | undefined): StatusDocument['scheduler'] {
	const reportAge = report ? Date.now() / 1000 - report.time : Number.POSITIVE_INFINITY;
	const heartbeatAge = report?.heartbeatAgeSeconds ?? null;
	const age = heartbeatAge === null ? null : Math.max(0, Math.round((heartbeatAge + reportAge) * 10) / 10);
	const beats = age !== null && reportAge < reportsStaleAfter && age < heartbeatLateAfter + reportsStaleAfter;
	return { healthy: beats && (service?.runningCount ?? 0) >= 1, heartbeatAgeSeconds: age };
}
