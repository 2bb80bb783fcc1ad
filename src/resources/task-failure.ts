import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Container, ContainerDefinition, Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { describeDefinition, lastPart } from './ecs.ts';
import { ignoring } from './support.ts';

/** Why a task ended, from what AWS shows for about an hour after it. */
export interface TaskDeath {
	taskArn: string;
	/** `family:revision` */
	taskDefinition: string;
	/** AWS's class of the reason, e.g. `EssentialContainerExited`. */
	stopCode: string | null;
	reason: string;
	/** ISO 8601. */
	stoppedAt: string | null;
	containers: { name: string; exitCode: number | null; reason: string | null }[];
	/** The container that ended the task, as far as AWS tells. */
	culprit: string | null;
	/** The end of its log, where it has one in CloudWatch. */
	log: { group: string; stream: string; lines: string[] } | null;
}

/**
 * @param task as DescribeTasks shows it
 * @param lines how many of the last log lines to read
 */
export async function describeDeath(aws: Aws, task: Task, lines = 50): Promise<TaskDeath> {
	const definitions = (await describeDefinition(aws, task.taskDefinitionArn ?? ''))?.taskDefinition?.containerDefinitions ?? [];
	const culprit = findCulprit(task.containers ?? [], definitions);
	const ran = task.containers?.some(({ name, exitCode }) => name === culprit && exitCode !== undefined) === true;
	const place = ran ? logPlace(definitions.find(({ name }) => name === culprit), lastPart(task.taskArn)) : undefined;
	return {
		taskArn: task.taskArn ?? '',
		taskDefinition: lastPart(task.taskDefinitionArn),
		stopCode: task.stopCode ?? null,
		reason: task.stoppedReason ?? 'no reason given',
		stoppedAt: task.stoppedAt?.toISOString() ?? null,
		containers: (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({ name, exitCode: exitCode ?? null, reason: reason ?? null })),
		culprit: culprit ?? null,
		log: place ? { ...place, lines: await lastLines(aws, place, lines) } : null,
	};
}

/** All that AWS says about it in one line: reason, exit codes and reasons of the containers. */
export function deathLine({ reason, containers }: Pick<TaskDeath, 'reason' | 'containers'>): string {
	const exits = containers
		.filter((container) => container.exitCode !== null || container.reason !== null)
		.map((container) => {
			const end = container.exitCode === null ? 'did not start' : `exited with ${container.exitCode}`;
			// The task's reason is often the container's own.
			return `${container.name} ${end}${container.reason === null || reason.includes(container.reason) ? '' : `: ${container.reason}`}`;
		});
	return [reason, ...exits].join('; ');
}

/** The line above, and the end of the log below it. */
export function deathReport(death: TaskDeath): string {
	const { log, culprit } = death;
	if (!log) return deathLine(death);
	if (log.lines.length === 0) return `${deathLine(death)}\n${culprit} has written nothing to ${log.group}`;
	return [deathLine(death), `the last lines of ${culprit} (${log.group}, ${log.stream}):`, ...log.lines.map((line) => `  ${line}`)].join('\n');
}

/**
 * 143 and 137 are what the others get when the task is stopped because of the culprit; 137 may also be the memory limit,
 * which AWS then gives as the container's reason.
 */
export function findCulprit(containers: readonly Container[], definitions: readonly ContainerDefinition[]): string | undefined {
	const essential = (container: Container): boolean => definitions.find(({ name }) => name === container.name)?.essential !== false;
	const failed = (container: Container): boolean => (container.exitCode ?? 0) !== 0;
	const stopped = ({ exitCode }: Container): boolean => exitCode === 143 || exitCode === 137;
	const by = (test: (container: Container) => boolean): Container | undefined => containers.find((container) => essential(container) && test(container));
	const found =
		by((container) => failed(container) && (container.reason !== undefined || !stopped(container))) ??
		// A container that others depend on (SUCCESS) is not essential, and yet its failure ends the task.
		containers.find((container) => failed(container) && !stopped(container)) ??
		by(({ reason }) => reason !== undefined) ??
		by(({ exitCode }) => exitCode === 0) ??
		by(failed);
	return found?.name;
}

function logPlace(definition: ContainerDefinition | undefined, taskId: string): { group: string; stream: string } | undefined {
	const { 'awslogs-group': group, 'awslogs-stream-prefix': prefix } = definition?.logConfiguration?.options ?? {};
	return group !== undefined && prefix !== undefined ? { group, stream: `${prefix}/${definition?.name}/${taskId}` } : undefined;
}

/** Lines reach CloudWatch some seconds after the container's end. */
async function lastLines(aws: Aws, { group, stream }: { group: string; stream: string }, lines: number): Promise<string[]> {
	const read = new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, limit: lines, startFromHead: false });
	for (let attempt = 1; ; attempt += 1) {
		const answer = await ignoring(['ResourceNotFoundException'], aws.client(CloudWatchLogsClient).send(read));
		const found = (answer?.events ?? []).map(({ message = '' }) => message.trimEnd());
		if (found.length > 0 || attempt === 4) return found;
		await delay(1000);
	}
}
