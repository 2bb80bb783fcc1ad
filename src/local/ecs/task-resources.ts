import type { EcsDependencies, LogTarget } from './dependencies.ts';
import { cpuUnits, memoryMiB } from './model/fargate.ts';
import { parseSecretReference } from './model/secret-reference.ts';
import type { TaskVolume } from './runtime.ts';
import { requireRights } from './role-rights.ts';
import type { DefinedContainer } from './state.ts';
import { startError } from './task-start-error.ts';
import type { Task } from './task.ts';

/** By container name: the values of its `secrets`. */
export type ResolvedSecrets = ReadonlyMap<string, Readonly<Record<string, string>>>;

/**
 * What a task needs before its images are pulled: EFS volumes, secrets, log streams.
 * @throws TaskStartError `ResourceInitializationError: …` with Fargate's words
 */
export async function initialiseTask(task: Task, deps: EcsDependencies): Promise<ResolvedSecrets> {
	refuseEnvironmentFiles(task);
	await requireRights(task, deps);
	await Promise.all([checkVolumes(task, deps), openLogs(task, deps)]);
	const containers = task.containers.map(({ definition }) => definition);
	for (const { name } of containers) refuseSecret(task, name, deps);
	const resolved = await Promise.all(containers.map((container) => resolveSecrets(container, task.request.region, deps)));
	return new Map(containers.map((container, index) => [container.name, resolved[index] ?? {}]));
}

/** Undefined where the container's log driver is not awslogs. */
export function logTarget(task: Task, container: DefinedContainer): LogTarget | undefined {
	const { logDriver, options = {} } = container.logConfiguration ?? {};
	if (logDriver !== 'awslogs') return undefined;
	const stream = [options['awslogs-stream-prefix'], container.name, task.id].filter((part) => part !== undefined).join('/');
	return { region: options['awslogs-region'] ?? task.request.region, group: options['awslogs-group'] ?? '', stream };
}

/** The volumes of its definition, as the runtime mounts them. */
export function volumesOf(task: Task): TaskVolume[] {
	return task.request.definition.definition.volumes.map(({ name = '', efsVolumeConfiguration: efs }) => {
		if (efs === undefined) return { name };
		return { name, efs: { fileSystemId: efs.fileSystemId, accessPointId: efs.authorizationConfig?.accessPointId, rootDirectory: efs.rootDirectory ?? '/' } };
	});
}

/** MiB; an override wins. */
export function memoryOf({ request }: Task): number | undefined {
	const memory = request.overrides.memory ?? request.definition.definition.memory;
	return memory === undefined ? undefined : memoryMiB(memory);
}

/** Units; an override wins. */
export function cpuOf({ request }: Task): number | undefined {
	const cpu = request.overrides.cpu ?? request.definition.definition.cpu;
	return cpu === undefined ? undefined : cpuUnits(cpu);
}

function refuseEnvironmentFiles(task: Task): void {
	const asking = task.containers.find(({ definition, override }) => (definition.environmentFiles ?? override?.environmentFiles ?? []).length > 0);
	if (asking !== undefined) throw startError('failed to download env files: environmentFiles are not available on this endpoint');
}

async function checkVolumes(task: Task, { files }: EcsDependencies): Promise<void> {
	if (files === undefined) return;
	const { region, subnetId, definition } = task.request;
	const mounts = definition.definition.volumes.flatMap(({ efsVolumeConfiguration }) => efsVolumeConfiguration ?? []);
	const checks = mounts.map((efs) => files.check({ region, subnetId, fileSystemId: efs.fileSystemId, accessPointId: efs.authorizationConfig?.accessPointId }));
	await Promise.all(checks).catch((error: unknown) => {
		throw startError(`failed to invoke EFS utils commands to set up EFS volumes: ${said(error)}`);
	});
}

async function openLogs(task: Task, { logs }: EcsDependencies): Promise<void> {
	const opened = task.containers.map(async ({ definition }) => {
		const target = logTarget(task, definition);
		if (target === undefined) return;
		const createGroup = definition.logConfiguration?.options?.['awslogs-create-group'] === 'true';
		await logs.open({ ...target, createGroup });
	});
	await Promise.all(opened).catch((error: unknown) => {
		throw startError(`failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${named(error)} : exit status 1`);
	});
}

async function resolveSecrets(container: DefinedContainer, region: string, deps: EcsDependencies): Promise<Record<string, string>> {
	const pairs = (container.secrets ?? []).map(async ({ name, valueFrom }) => [name, await resolveSecret(valueFrom, region, deps)] as const);
	return Object.fromEntries(await Promise.all(pairs));
}

function refuseSecret({ request }: Task, container: string, { faults }: EcsDependencies): void {
	const fault = faults?.take('secret', { family: request.definition.family, container });
	if (fault !== undefined) throw startError(`${pullFailed} asm: service call has been retried 1 time(s): failed to fetch secret from secrets manager: ${fault}`);
}

const pullFailed = 'unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from';

async function resolveSecret(valueFrom: string, region: string, { secrets }: EcsDependencies): Promise<string> {
	const selector = parseSecretReference(valueFrom, region);
	if (selector === undefined) throw startError(`${pullFailed} asm: invalid secret reference ${valueFrom}`);
	const { reference, jsonKey } = selector;
	const value = await secrets.get(reference).catch((error: unknown) => {
		if (reference.service === 'ssm') throw startError(`${pullFailed} ssm: service call has been retried 1 time(s): ${named(error)}`);
		throw startError(`${pullFailed} asm: service call has been retried 1 time(s): failed to fetch secret ${reference.secretId} from secrets manager: ${named(error)}`);
	});
	return jsonKey === undefined ? value : memberOf(value, jsonKey);
}

function memberOf(secret: string, key: string): string {
	const member = parseObject(secret)[key];
	if (member === undefined) throw startError(`${pullFailed} asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key ${key}`);
	return typeof member === 'string' ? member : JSON.stringify(member);
}

function parseObject(text: string): Record<string, unknown> {
	try {
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
	} catch {
		return {};
	}
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error));
const named = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
