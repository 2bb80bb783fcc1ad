import { createHash } from 'node:crypto';
import { pageUrl } from '../config/page-url.ts';
import type { Config } from '../config/config.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Bundle } from '../resources/bundle-files.ts';
import { loginDocument, type LoginOptions } from './login.ts';

/** Where the deployment stands. */
export interface Place {
	readonly account: string;
	readonly region: string;
	readonly partition: string;
}

/** What runs the tasks of DAGs: the scheduler itself, or a Fargate task for each. */
export type Executor = 'local' | 'ecs';

/** What makes an environment a branch: kept in its anchor. */
export interface BranchOptions {
	/** Which it was made for; null where the code comes from no git branch. */
	readonly gitBranch: string | null;
	readonly mysql: boolean;
	/** Databases on the task's own storage: they begin anew with each task. */
	readonly ephemeral: boolean;
	/** When its service is stopped, ISO 8601 in whole seconds; null: never. */
	readonly expiresAt: string | null;
}

/** All that a stack is made from. It is complete before the first call that changes anything. */
export interface StackInputs {
	readonly config: Config;
	readonly place: Place;
	/** Two availability zones, by name, that have Fargate, EFS and the database's class; undefined where the subnets are given. */
	readonly zones: readonly [string, string] | undefined;
	/** Whether tasks get a public address: where their subnets lead to an internet gateway they need one. */
	readonly assignPublicIp: boolean;
	/** Who reaches the web page: CIDR blocks. */
	readonly allowedCidrs: readonly string[];
	readonly bundle: Bundle;
	/** Hash of the image's build context; undefined where AIRFLOW_DEPLOY_IMAGE is given. */
	readonly imageHash: string | undefined;
	/** For `upload`: the task definition of the scheduler that will parse the bundle, so that no release is waited for. */
	readonly runningScheduler: string | undefined;
	/** Kept in the anchor. */
	readonly executor: Executor;
	/** Kept in the anchor. */
	readonly login: LoginOptions;
	/** Undefined for an environment with services and an RDS instance of its own. */
	readonly branch: BranchOptions | undefined;
	/** When the environment was made, ISO 8601; absent for a new one. */
	readonly createdAt?: string;
}

/** Every name that AWS gets from us, in one place: `<project>-<environment>-<role>`, more where a name is unique beyond a region. */
export function naming({ config: { project }, place: { account, region } }: Pick<StackInputs, 'config' | 'place'>) {
	return {
		bucket: `${project}-${account}-${region}`,
		in: (scope: string) => ({
			object: (role: string) => `${project}-${scope}-${role}`,
			role: (role: string) => `${project}-${scope}-${role}-${region}`,
			/** Of load balancers and target groups, which AWS gives 32 characters. */
			balancer: (role: string) => shortened(`${project}-${scope}-${role}`, 32),
			logGroup: (component: string) => `/airflow-deploy/${project}/${scope}/${component}`,
		}),
	};
}

/** A name that is too long ends with a hash of all of it. */
function shortened(name: string, most: number): string {
	if (name.length <= most) return name;
	const hash = createHash('sha256').update(name).digest('hex').slice(0, 6);
	return `${name.slice(0, most - 7).replace(/-+$/, '')}-${hash}`;
}

/** `https://DOMAIN`; undefined for a branch, which has no load balancer, and where there is no DOMAIN. */
export function pageUrlOf({ config, branch }: Pick<StackInputs, 'config' | 'branch'>): string | undefined {
	return branch ? undefined : pageUrl(config);
}

/** Of the page's name, where it has one: what finds its load balancer again where the record and the configuration are lost. */
function pageOptions({ config: { domain, certificateArn, hostedZoneId, balancerSubnetIds }, branch }: StackInputs): JsonObject {
	return branch || domain === undefined ? {} : { page: { domain, certificateArn: certificateArn ?? null, hostedZoneId: hostedZoneId ?? null, balancerSubnetIds } };
}

/** What is kept in an environment's anchor, for runs that are told nothing else. */
export function anchorOptions(inputs: StackInputs): JsonObject {
	const { allowedCidrs, executor, login, branch } = inputs;
	return { ...pageOptions(inputs), allowedCidrs: [...allowedCidrs], executor, login: loginDocument(login), ...(branch ? { kind: 'branch', ...branch } : {}) };
}
