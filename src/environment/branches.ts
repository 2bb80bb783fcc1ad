import { isPast } from '../config/ttl.ts';
import { listAnchors, readAnchor, type AnchorDocument } from '../resources/s3-anchor.ts';
import { describeDefinition, describeService } from '../resources/ecs.ts';
import { readSyncStatus } from '../resources/bundle-parsed.ts';
import { branchCost, type CostLine, stoppedBranchCost, total } from '../stacks/cost.ts';
import { prices } from '../stacks/prices.ts';
import { type BranchOptions, naming } from '../stacks/inputs.ts';
import { sharedScope } from '../stacks/shared.ts';
import { recordedBranch } from './branch-options.ts';
import type { BranchDocument, BranchesDocument } from './documents.ts';
import type { Options } from './options.ts';
import { runningTasks } from './running-tasks.ts';
import { isServing, schedulerHealth } from './status.ts';
import { webAddress } from './web-address.ts';

type Where = Pick<Options, 'aws' | 'config'>;

/** All branches of the project, from their anchors and what AWS shows: nothing need be recorded in this working directory. */
export async function listBranches({ aws, config }: Where): Promise<BranchesDocument> {
	const { bucket } = naming({ config, place: aws });
	const names = (await listAnchors(aws, bucket)).filter((name) => name !== sharedScope);
	const anchors = await Promise.all(names.map((name) => readAnchor(aws, bucket, name)));
	const branches = anchors.flatMap((anchor) => {
		const branch = recordedBranch(anchor?.options);
		return anchor && branch ? [lookAtBranch({ aws, config }, anchor, branch)] : [];
	});
	const { date, region, sources } = prices;
	return { branches: await Promise.all(branches), prices: { date, region, sources } };
}

async function lookAtBranch({ aws, config }: Where, { environment, createdAt }: AnchorDocument, branch: BranchOptions): Promise<BranchDocument> {
	const names = naming({ config, place: aws });
	const [cluster, name] = [names.in(sharedScope).object('cluster'), names.in(environment).object('airflow')];
	const [service, report] = await Promise.all([describeService(aws, cluster, name), readSyncStatus({ aws }, names.bucket, environment)]);
	const stands = service !== undefined && service.status !== 'INACTIVE';
	const [url, size, tasks] = stands ? await Promise.all([webAddress(aws, cluster, name), sizeOf({ aws, config }, service.taskDefinition), runningTasks(aws, cluster, name)]) : [null, undefined, []];
	const addresses = service?.networkConfiguration?.awsvpcConfiguration?.assignPublicIp === 'ENABLED' ? 1 : 0;
	const isStopped = service?.desiredCount === 0;
	const expiresAt = service?.tags?.find(({ key }) => key === 'expiresAt')?.value ?? branch.expiresAt;
	const costLines = size && !isStopped ? branchCost({ ...size, ...branch, addresses }) : stoppedBranchCost(branch);
	return {
		name: environment,
		gitBranch: branch.gitBranch,
		createdAt,
		expiresAt,
		expired: isPast(expiresAt, new Date()),
		phase: !stands ? 'partial' : isServing(service, tasks) && schedulerHealth(service, report).healthy ? 'up' : 'unhealthy',
		url,
		databases: branch.mysql ? ['postgres', 'mysql'] : ['postgres'],
		ephemeral: branch.ephemeral,
		perHour: total(costLines).perHour,
		costSoFar: size ? costSoFar(branchCost({ ...size, ...branch, addresses }), stoppedBranchCost(branch), { createdAt, stoppedAt: isStopped ? expiresAt : null }) : 0,
		costLines,
	};
}

/** USD, to the cent: as if it had run from its creation to its stop, or until now. */
function costSoFar(running: readonly CostLine[], stopped: readonly CostLine[], { createdAt, stoppedAt }: { createdAt: string; stoppedAt: string | null }, now = Date.now()): number {
	const end = Math.max(Date.parse(createdAt), Math.min(now, stoppedAt === null ? now : Date.parse(stoppedAt)));
	const cost = (lines: readonly CostLine[], milliseconds: number): number => (total(lines).perHour * milliseconds) / 3_600_000;
	return Math.round((cost(running, end - Date.parse(createdAt)) + cost(stopped, Math.max(0, now - end))) * 100) / 100;
}

/** CPU units and MiB of its task as it is, whatever the configuration says by now. */
async function sizeOf({ aws, config }: Where, taskDefinition: string | undefined): Promise<{ cpu: number; memory: number }> {
	const definition = (await describeDefinition(aws, taskDefinition ?? ''))?.taskDefinition;
	return { cpu: Number(definition?.cpu ?? config.branchCpu), memory: Number(definition?.memory ?? config.branchMemory) };
}

/** What the anchor says the environment is: a branch, something else, or nothing that stands. */
export async function kindOf({ aws, config }: Where): Promise<'branch' | 'other' | 'absent'> {
	const anchor = await readAnchor(aws, naming({ config, place: aws }).bucket, config.environment);
	if (!anchor) return 'absent';
	return recordedBranch(anchor.options) ? 'branch' : 'other';
}
