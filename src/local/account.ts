import type { Answer } from './front/failure.ts';
import type { Call } from './front/call.ts';
import type { Access } from './access/access.ts';
import type { Callers } from './access/callers.ts';
import type { Balancers } from './balancer/balancers.ts';
import type { Certificates } from './certificates.ts';
import type { Databases } from './databases.ts';
import type { ExecutionRoles } from './execution-roles.ts';
import type { FileSystemDirectories } from './file-systems.ts';
import type { HostedZones } from './hosted-zones.ts';
import type { Interfaces } from './interfaces.ts';
import type { Lag } from './lag.ts';
import type { LiveTails } from './live-tail/live-tails.ts';
import type { Moto } from './moto.ts';
import type { Registry } from './registry/registry.ts';
import type { Schedules } from './schedules.ts';
import type { ServiceLinkedRoles } from './service-linked-roles.ts';

/** The emulated account: moto's books, and what we keep beside them. A reset makes a new one. */
export interface Account {
	/** 12 digits. */
	readonly id: string;
	/** Of this endpoint, no trailing slash. */
	readonly url: string;
	readonly moto: Moto;
	readonly interfaces: Interfaces;
	readonly databases: Databases;
	readonly balancers: Balancers;
	readonly certificates: Certificates;
	readonly zones: HostedZones;
	readonly files: FileSystemDirectories;
	readonly roles: ServiceLinkedRoles;
	readonly lag: Lag;
	/** Who has which key. */
	readonly callers: Callers;
	/** Absent: everybody may do everything. */
	readonly access?: Access | undefined;
	/** Of images; absent where no engine runs tasks. */
	readonly registry?: Registry | undefined;
	readonly schedules: Schedules;
	/** Of schedules. */
	readonly execution: ExecutionRoles;
	readonly tails: LiveTails;
}

/** What AWS does about one operation and moto does not. */
export interface Law {
	/** Throws an AwsError to refuse the call, returns an answer in moto's stead, may change the call's body. */
	before?(call: Call): Promise<Answer | void> | Answer | void;
	/** Sees moto's answer, an error too; returns what the client gets. */
	after?(call: Call, answer: Answer): Promise<Answer> | Answer;
}

/** The key of a law that is asked before the operation's own. */
export const everyOperation = '*';

/** By operation name. */
export type Laws = Readonly<Record<string, Law>>;
