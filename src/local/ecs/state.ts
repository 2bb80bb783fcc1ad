import type { TaskDefinitionInput, CapacityProviderStrategy, Tag } from './shapes.ts';
import type { echoOf } from './model/task-definition-echo.ts';
import type { Service } from './service.ts';
import type { Task } from './task.ts';

export interface Cluster {
	readonly arn: string;
	readonly name: string;
	status: 'ACTIVE' | 'INACTIVE';
	settings: { name: string; value: string }[];
	configuration: unknown;
	tags: Tag[];
	capacityProviders: string[];
	defaultStrategy: CapacityProviderStrategy;
}

type Definition = ReturnType<typeof echoOf>;
export type DefinedContainer = Definition['containerDefinitions'][number];

export interface TaskDefinition {
	readonly arn: string;
	readonly family: string;
	readonly revision: number;
	readonly input: TaskDefinitionInput;
	readonly definition: Definition;
	/** Seconds since the epoch, as all times on the wire. */
	readonly registeredAt: number;
	readonly registeredBy: string;
	status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
	deregisteredAt?: number;
	deleteRequestedAt?: number;
	tags: Tag[];
}

export interface Family {
	/** Deleted revisions leave the list, their numbers are never given again. */
	lastRevision: number;
	revisions: TaskDefinition[];
}

/** The answer that a client token stands for. */
interface TokenRecord {
	readonly parameters: string;
	readonly taskArns: readonly string[];
	readonly expiresAt: number;
}

/** Everything ECS knows in one region. */
export interface RegionState {
	readonly region: string;
	readonly clusters: Map<string, Cluster>;
	readonly families: Map<string, Family>;
	/** By task id. */
	readonly tasks: Map<string, Task>;
	/** By `cluster/service`; an INACTIVE service stays until its name is used again. */
	readonly services: Map<string, Service>;
	/** By cluster name and token. */
	readonly tokens: Map<string, TokenRecord>;
	readonly accountSettings: Map<string, string>;
}

export function emptyRegion(region: string): RegionState {
	return {
		region,
		clusters: new Map(),
		families: new Map(),
		tasks: new Map(),
		services: new Map(),
		tokens: new Map(),
		accountSettings: new Map(),
	};
}
