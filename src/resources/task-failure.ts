import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Container, ContainerDefinition, Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { describeDefinition, lastPart } from './ecs.ts';
import { readable } from './log-text.ts';
import { ignoring } from './support.ts';
import { classify, type Verdict } from './task-death.ts';

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
	/** The end of its log, where it has one in CloudWatch: at most 200 lines. */
	log: { group: string; stream: string; lines: string[] } | null;
	/** What it died of, and what to do. */
	verdict: Verdict;
	/** Where its record is kept, for people; null where it is not. */
	record: string | null;
}

/** Lines that are kept, and lines that are shown. */
const keptLines = 200;
const shownLines = 50;

/** @param task as DescribeTasks shows it, once all of its containers have ended */
export async function describeDeath(aws: Aws, task: Task): Promise<TaskDeath> {
	const definitions = (await describeDefinition(aws, task.taskDefinitionArn ?? ''))?.taskDefinition?.containerDefinitions ?? [];
	const culprit = findCulprit(task.containers ?? [], definitions);
	const exitCode = task.containers?.find(({ name }) => name === culprit)?.exitCode ?? null;
	const place = exitCode === null ? undefined : logPlace(definitions.find(({ name }) => name === culprit), lastPart(task.taskArn));
	const log = place ? { ...place, lines: (await lastLines(aws, place, keptLines)).map(withoutPasswords) } : null;
	const facts = {
		taskArn: task.taskArn ?? '',
		taskDefinition: lastPart(task.taskDefinitionArn),
		stopCode: task.stopCode ?? null,
		reason: task.stoppedReason ?? 'no reason given',
		stoppedAt: (task.stoppedAt ?? task.executionStoppedAt)?.toISOString() ?? null,
		containers: (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({ name, exitCode: exitCode ?? null, reason: reason ?? null })),
		culprit: culprit ?? null,
		log,
		record: null,
	};
	const reason = [task.stoppedReason, ...facts.containers.map((container) => container.reason)].filter((text) => text).join('; ');
	const container = culprit ?? definitions.find(({ essential }) => essential !== false)?.name ?? 'the task';
	return { ...facts, verdict: classify({ container, reason, stopCode: facts.stopCode, exitCode, lines: log?.lines ?? [] }) };
}

/** A traceback may hold a URL with a password. */
function withoutPasswords(line: string): string {
	return line.replaceAll(/(\b[a-z][\w+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, '$1:***@');
}

/** Whether nothing of the task runs any more, so that its exit codes are known. */
export function hasEnded({ lastStatus }: Task): boolean {
	return lastStatus === 'STOPPED' || lastStatus === 'DEPROVISIONING';
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

/** The line above, the end of the log below it, and where all of it is kept. */
export function deathReport(death: TaskDeath): string {
	const kept = death.record === null ? [] : [`kept in ${death.record}`];
	return [deathLine(death), ...logReport(death), ...kept].join('\n');
}

function logReport({ log, culprit }: TaskDeath): string[] {
	if (!log) return [];
	if (log.lines.length === 0) return [`${culprit} has written nothing to ${log.group}`];
	return [`the last lines of ${culprit} (${log.group}, ${log.stream}):`, ...log.lines.slice(-shownLines).flatMap(readable).map((line) => `  ${line}`)];
}

/** `airflow-main-webserver` for a task of that service, or of that task definition's family. */
export function ownerOf({ group, taskDefinitionArn }: Task): string {
	return group?.replace(/^(service|family):/, '') ?? lastPart(taskDefinitionArn).replace(/:\d+$/, '');
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
		if (found.length > 0 || attempt === 3) return found;
		await delay(1000);
	}
}
