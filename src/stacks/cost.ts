import type { Config } from '../config/config.ts';
import type { StackInputs } from './inputs.ts';
import { hoursPerMonth, prices } from './prices.ts';

export interface CostLine {
	key: string;
	/** USD. */
	perHour: number;
	assumption: string;
}

/** What an environment costs while it stands, apart from use (log volume, requests, data transfer). */
export function standingCost({ config, assignPublicIp, login, executor, branch }: Pick<StackInputs, 'config' | 'assignPublicIp' | 'login' | 'executor' | 'branch'>): CostLine[] {
	const workers = executor === 'ecs' ? [workerCost(config, assignPublicIp)] : [];
	if (branch) return [...branchCost({ cpu: config.branchCpu, memory: config.branchMemory, addresses: assignPublicIp ? 1 : 0, ...branch }), ...workers];
	return [
		fargate('service-webserver', config.webserverCpu, config.webserverMemory),
		fargate('service-scheduler', config.schedulerCpu, config.schedulerMemory),
		{ key: 'database', ...databaseCost(config) },
		...(config.domain === undefined ? [] : [balancer()]),
		addresses((assignPublicIp ? 2 : 0) + (config.domain === undefined ? 0 : balancerZones)),
		secrets(login.auth === 'db' ? 4 : 5),
		logs(1),
		files(0.1),
		...workers,
	];
}

/** It has a public address in each of its zones. */
const balancerZones = 2;

function balancer(): CostLine {
	return { key: 'load-balancer', perHour: rounded(prices.balancerHour + 0.1 * prices.balancerUnitHour), assumption: 'application load balancer, a tenth of a capacity unit: a few people on a web page' };
}

/** By use: Fargate bills a task by the second, for at least a minute. */
function workerCost({ workerCpu, workerMemory }: Config, assignPublicIp: boolean): CostLine {
	const { perHour } = fargate('workers', workerCpu, workerMemory);
	const each = rounded(perHour + (assignPublicIp ? prices.publicIpv4Hour : 0));
	return { key: 'workers', perHour: 0, assumption: `not counted: each task of a DAG, $${each} for an hour of its running` };
}

interface BranchSize {
	/** CPU units and MiB of its task. */
	readonly cpu: number;
	readonly memory: number;
	readonly addresses: number;
	readonly mysql: boolean;
	readonly ephemeral: boolean;
}

/** What a branch costs while its task runs. */
export function branchCost(size: BranchSize): CostLine[] {
	return [fargate('service-airflow', size.cpu, size.memory), addresses(size.addresses), ...stoppedBranchCost(size)];
}

/** What it costs while its service is stopped: what is stored. */
export function stoppedBranchCost({ mysql, ephemeral }: Pick<BranchSize, 'mysql' | 'ephemeral'>): CostLine[] {
	const databases = mysql ? 2 : 1;
	return [secrets(1 + databases), logs(0.5), files(ephemeral ? 0.1 : 0.1 + 0.2 * databases)];
}

/** What the shared stack costs by itself: network and cluster cost nothing, files count where they belong to an environment. */
export function sharedCost(): CostLine[] {
	return [
		{ key: 'repository', perHour: (1.5 * prices.ecrGbMonth) / hoursPerMonth, assumption: '1.5 GB of images' },
		{ key: 'bucket', perHour: (0.1 * prices.s3GbMonth) / hoursPerMonth, assumption: '0.1 GB in the bucket' },
	];
}

function addresses(number: number): CostLine {
	return { key: 'public-addresses', perHour: number * prices.publicIpv4Hour, assumption: number === 0 ? 'no public addresses' : `${number} public IPv4 address${number === 1 ? '' : 'es'}` };
}

function secrets(number: number): CostLine {
	return { key: 'secrets', perHour: (number * prices.secretMonth) / hoursPerMonth, assumption: `${number} secrets` };
}

function logs(gigabytes: number): CostLine {
	return { key: 'log-groups', perHour: (gigabytes * prices.logGb) / hoursPerMonth, assumption: `${gigabytes} GB of logs a month` };
}

function files(gigabytes: number): CostLine {
	const gb = rounded(gigabytes);
	return { key: 'file-system', perHour: (gb * prices.efsGbMonth) / hoursPerMonth, assumption: `${gb} GB on EFS` };
}

/** Sums up, in USD, rounded to a hundredth of a cent. */
export function total(lines: readonly CostLine[]): { perHour: number; perMonth: number } {
	const perHour = lines.reduce((sum, line) => sum + line.perHour, 0);
	return { perHour: rounded(perHour), perMonth: rounded(perHour * hoursPerMonth) };
}

export function fargate(key: string, cpu: number, memory: number): CostLine {
	const vcpu = cpu / 1024;
	const gb = memory / 1024;
	return { key, perHour: rounded(vcpu * prices.fargateVcpuHour + gb * prices.fargateGbHour), assumption: `Fargate, ${vcpu} vCPU and ${gb} GB, all day` };
}

export function databaseCost({ dbInstanceClass, dbStorageGb }: Pick<Config, 'dbInstanceClass' | 'dbStorageGb'>): Omit<CostLine, 'key'> {
	const storage = (dbStorageGb * prices.gp3GbMonth) / hoursPerMonth;
	const instance = prices.databaseHour[dbInstanceClass];
	const known = instance === undefined ? `price of ${dbInstanceClass} not known here: storage only` : dbInstanceClass;
	return { perHour: rounded((instance ?? 0) + storage), assumption: `${known}, single zone, ${dbStorageGb} GB gp3` };
}

function rounded(usd: number): number {
	return Math.round(usd * 10000) / 10000;
}
