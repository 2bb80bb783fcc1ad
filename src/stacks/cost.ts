import type { Config } from '../config/config.ts';
import type { StackInputs } from './inputs.ts';

/** List prices of us-east-1 in USD, from the AWS pricing pages of each service (2026); other regions differ by up to about a third. */
const price = {
	fargateVcpuHour: 0.04048,
	fargateGbHour: 0.004445,
	publicIpv4Hour: 0.005,
	gp3GbMonth: 0.115,
	secretMonth: 0.4,
	logGb: 0.5,
	efsGbMonth: 0.3,
};

/** PostgreSQL, single zone, per hour. */
const databaseHour: Readonly<Record<string, number>> = {
	'db.t4g.micro': 0.016,
	'db.t4g.small': 0.032,
	'db.t4g.medium': 0.065,
	'db.t4g.large': 0.129,
	'db.t3.micro': 0.018,
	'db.t3.small': 0.036,
	'db.t3.medium': 0.072,
	'db.m6g.large': 0.159,
	'db.m7g.large': 0.168,
	'db.r6g.large': 0.225,
};

const hoursPerMonth = 730;

export interface CostLine {
	key: string;
	/** USD. */
	perHour: number;
	assumption: string;
}

/** What an environment costs while it stands, apart from use (log volume, requests, data transfer). */
export function standingCost({ config, assignPublicIp, branch }: Pick<StackInputs, 'config' | 'assignPublicIp' | 'branch'>): CostLine[] {
	if (branch) return branchCost({ cpu: config.branchCpu, memory: config.branchMemory, addresses: assignPublicIp ? 1 : 0, ...branch });
	return [
		fargate('service-webserver', config.webserverCpu, config.webserverMemory),
		fargate('service-scheduler', config.schedulerCpu, config.schedulerMemory),
		{ key: 'database', ...database(config) },
		addresses(assignPublicIp ? 2 : 0),
		secrets(4),
		logs(1),
		files(0.1),
	];
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
export function branchCost({ cpu, memory, addresses: ips, mysql, ephemeral }: BranchSize): CostLine[] {
	const databases = mysql ? 2 : 1;
	return [fargate('service-airflow', cpu, memory), addresses(ips), secrets(3 + databases), logs(0.5), files(ephemeral ? 0.1 : 0.1 + 0.2 * databases)];
}

function addresses(number: number): CostLine {
	return { key: 'public-addresses', perHour: number * price.publicIpv4Hour, assumption: number === 0 ? 'no public addresses' : `${number} public IPv4 address${number === 1 ? '' : 'es'}` };
}

function secrets(number: number): CostLine {
	return { key: 'secrets', perHour: (number * price.secretMonth) / hoursPerMonth, assumption: `${number} secrets` };
}

function logs(gigabytes: number): CostLine {
	return { key: 'log-groups', perHour: (gigabytes * price.logGb) / hoursPerMonth, assumption: `${gigabytes} GB of logs a month` };
}

function files(gigabytes: number): CostLine {
	const gb = rounded(gigabytes);
	return { key: 'file-system', perHour: (gb * price.efsGbMonth) / hoursPerMonth, assumption: `${gb} GB on EFS` };
}

/** Sums up, in USD, rounded to a hundredth of a cent. */
export function total(lines: readonly CostLine[]): { perHour: number; perMonth: number } {
	const perHour = lines.reduce((sum, line) => sum + line.perHour, 0);
	return { perHour: rounded(perHour), perMonth: rounded(perHour * hoursPerMonth) };
}

function fargate(key: string, cpu: number, memory: number): CostLine {
	const vcpu = cpu / 1024;
	const gb = memory / 1024;
	return { key, perHour: rounded(vcpu * price.fargateVcpuHour + gb * price.fargateGbHour), assumption: `Fargate, ${vcpu} vCPU and ${gb} GB, all day` };
}

function database({ dbInstanceClass, dbStorageGb }: Config): Omit<CostLine, 'key'> {
	const storage = (dbStorageGb * price.gp3GbMonth) / hoursPerMonth;
	const instance = databaseHour[dbInstanceClass];
	const known = instance === undefined ? `price of ${dbInstanceClass} not known here: storage only` : dbInstanceClass;
	return { perHour: rounded((instance ?? 0) + storage), assumption: `${known}, single zone, ${dbStorageGb} GB gp3` };
}

function rounded(usd: number): number {
	return Math.round(usd * 10000) / 10000;
}
