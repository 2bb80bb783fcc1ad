import type { Sessions } from '../session/sessions.ts';
import type { TaskRuntime } from './runtime.ts';

/**
 * Everything the local ECS needs from outside. It knows neither moto nor processes: the endpoint hands these in,
 * tests hand in stubs. Methods that stand for an AWS call reject with an AwsFailure to say what AWS would have said.
 */
export interface EcsDependencies {
	/** 12 digits. */
	readonly account: string;
	/** Of requests that name none. */
	readonly region: string;
	readonly clock: Clock;
	readonly runtime: TaskRuntime;
	readonly network: TaskNetwork;
	readonly logs: LogSink;
	readonly secrets: SecretSource;
	readonly roles: RoleSource;
	/** Absent: every EFS volume can be mounted. */
	readonly files?: FileSystems;
	/** Absent: target groups are not looked at, and their targets are never healthy. */
	readonly balancing?: Balancing;
	/** Of this endpoint, no trailing slash, e.g. `http://127.0.0.1:4566`; containers reach metadata and credentials there. */
	readonly endpointUrl: string;
	/** One line for the endpoint's own log: progress of a pull, or what no client will see (a log group deleted under a task). */
	readonly warn?: (line: string) => void;
	/** Milliseconds that AWS takes for a step of a task. Absent: none. */
	readonly pace?: (step: 'network' | 'pull' | 'activation' | 'removal') => number;
	/** Absent: nothing goes wrong by itself. */
	readonly faults?: TaskFaults;
}

export type TaskFault = 'no-capacity' | 'image-pull' | 'secret' | 'out-of-memory';

/** What tests make go wrong with tasks. */
export interface TaskFaults {
	/** AWS's words for what goes wrong now, where that was asked for; each call counts as one time. */
	take(wanted: TaskFault, task: { readonly family: string; readonly container?: string }): string | undefined;
}

export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	/** Calls back once; the timer must not keep the process alive. Returns what cancels it. */
	setTimer(milliseconds: number, callback: () => void): () => void;
}

/** What an AWS service answered: `code` e.g. `ResourceNotFoundException`, `message` its text. */
export class AwsFailure extends Error {
	readonly code: string;
	constructor(code: string, message: string) {
		super(message);
		this.name = code;
		this.code = code;
	}
}

export interface TaskNetwork {
	/**
	 * Whether what a request names exists, and in which VPC.
	 * @returns an entry per id that exists; ids that do not are left out
	 */
	find(region: string, ids: { subnets: readonly string[]; securityGroups: readonly string[] }): Promise<FoundNetwork>;
	/** Makes the task's network interface; it holds its subnet and groups until `remove`. */
	create(request: InterfaceRequest): Promise<TaskInterface>;
	/** Resolves also when the interface is gone already. */
	remove(region: string, networkInterfaceId: string): Promise<void>;
}

export interface FoundNetwork {
	readonly subnets: Readonly<Record<string, { vpcId: string; availabilityZone: string }>>;
	/** Group id to VPC id. */
	readonly securityGroups: Readonly<Record<string, string>>;
}

export interface InterfaceRequest {
	readonly region: string;
	readonly taskArn: string;
	readonly attachmentId: string;
	readonly subnetId: string;
	/** Empty: the VPC's default group. */
	readonly securityGroups: readonly string[];
	readonly assignPublicIp: boolean;
	/** Where the task's containers really listen (TaskSandbox.address): shown as the interface's public address. */
	readonly address: string;
}

export interface TaskInterface {
	readonly networkInterfaceId: string;
	readonly subnetId: string;
	readonly privateIpv4Address: string;
	readonly macAddress: string;
	readonly privateDnsName?: string;
	readonly availabilityZone: string;
}

export interface LogSink {
	/**
	 * Makes the stream where missing, and the group too if `createGroup`.
	 * @throws AwsFailure, e.g. ResourceNotFoundException `The specified log group does not exist.`: the task then ends as ResourceInitializationError
	 */
	open(target: LogTarget & { readonly createGroup: boolean }): Promise<void>;
	/** In order of arrival, at most 1 MiB and 10,000 events; calls for one stream never overlap. May reject: the events are then lost, as with awslogs. */
	put(target: LogTarget, events: readonly LogEvent[]): Promise<void>;
}

export interface LogTarget {
	readonly region: string;
	readonly group: string;
	readonly stream: string;
}

export interface LogEvent {
	/** Milliseconds since the epoch. */
	readonly timestamp: number;
	readonly message: string;
}

export interface SecretSource {
	/**
	 * The whole secret or parameter; ECS takes the JSON key out of it.
	 * @throws AwsFailure, e.g. ResourceNotFoundException `Secrets Manager can't find the specified secret.`
	 */
	get(reference: SecretReference): Promise<string>;
}

export type SecretReference =
	| { readonly service: 'secretsmanager'; readonly region: string; readonly secretId: string; readonly versionStage: string | undefined; readonly versionId: string | undefined }
	| { readonly service: 'ssm'; readonly region: string; readonly name: string };

export interface RoleSource {
	/** Whether ecs-tasks.amazonaws.com could assume it; RunTask refuses a role that it cannot. */
	exists(roleArn: string): Promise<boolean>;
	/** Absent: made up, valid for 6 hours. */
	credentials?(roleArn: string, sessionName: string): Promise<TaskCredentials>;
	/** What ECS does as a role of a task. Absent: roles may do everything. @throws AwsFailure AccessDeniedException */
	require?(roleArn: string, sessionName: string, wish: RoleWish): Promise<void>;
}

export interface RoleWish {
	/** `secretsmanager:GetSecretValue` */
	readonly action: string;
	readonly resource: string;
	/** Condition keys in small letters. */
	readonly keys?: Readonly<Record<string, string | undefined>>;
}

/** The document that SDKs read from the credentials address. */
export interface TaskCredentials {
	readonly RoleArn: string;
	readonly AccessKeyId: string;
	readonly SecretAccessKey: string;
	readonly Token: string;
	/** ISO 8601. */
	readonly Expiration: string;
}

export interface FileSystems {
	/**
	 * Whether a task in this subnet can mount it: file system, access point, a mount target in the subnet's zone.
	 * @throws AwsFailure whose message follows `failed to invoke EFS utils commands to set up EFS volumes: `
	 */
	check(mount: { readonly region: string; readonly subnetId: string; readonly fileSystemId: string; readonly accessPointId: string | undefined }): Promise<void>;
}

/** Elastic Load Balancing, as a service of ECS uses it. */
export interface Balancing {
	/** Whether a load balancer leads to the target group; undefined where there is no such group. */
	isAssociated(targetGroupArn: string): boolean | undefined;
	register(targetGroupArn: string, target: BalancedTarget): void;
	/** Resolves when what was under way is answered, at the latest after the group's deregistration delay. */
	deregister(targetGroupArn: string, target: BalancedTarget): Promise<void>;
	healthOf(targetGroupArn: string, target: BalancedTarget): 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';
	/** Calls back after each change in the group; returns what ends that. */
	watch(targetGroupArn: string, changed: () => void): () => void;
}

export interface BalancedTarget {
	/** A task's address in its VPC. */
	readonly id: string;
	readonly port: number;
}

/** Who calls: from the request's signature. */
export interface Caller {
	/** Absent: the endpoint's own. */
	readonly region?: string;
	/** Absent: the account's root. */
	readonly arn?: string;
}

/** An answer of the HTTP edge: `body` is JSON to be. Errors have `__type` and `message`. */
export interface Answer {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

/** `createEcs(dependencies)` in ecs.ts. */
export interface Ecs {
	/** `operation` is what follows the dot in X-Amz-Target; `input` the parsed body, or undefined where it was no JSON. Never throws. */
	handle(operation: string, input: unknown, caller?: Caller): Promise<Answer>;
	/** The same for what of Systems Manager belongs to ECS Exec: StartSession, ResumeSession, TerminateSession. */
	ssm(operation: string, input: unknown, caller?: Caller): Promise<Answer>;
	/** Where data channels connect. */
	readonly sessions: Sessions;
	/** GET `/v4/<id>`, `/v4/<id>/task`, `/v4/<id>/taskWithTags`, `/v4/<id>/stats`, `/v4/<id>/task/stats`; the path with its leading slash. */
	metadata(path: string): Answer;
	/** GET `/v2/credentials/<id>`. */
	credentials(path: string): Promise<Answer>;
	/** Kills every container and waits until tasks are gone; nothing starts any more. */
	stopAll(): Promise<void>;
	/** Other faults are asked for now: they meet what runs already. */
	faultsChanged(): void;
	/** The same, then forgets everything and works again as if new. */
	reset(): Promise<void>;
}
