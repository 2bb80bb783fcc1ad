import { connect } from 'node:net';
import { AwsFailure, type Answer, type Clock, type Ecs, type EcsDependencies, type LogEvent, type LogTarget } from '../../../src/local/ecs/dependencies.ts';
import { createEcs } from '../../../src/local/ecs/ecs.ts';
import { type ContainerExit, type ContainerSpec, ImagePullError, type RunningContainer, type TaskRuntime } from '../../../src/local/ecs/runtime.ts';
import { StubTerminal } from './stub-terminal.ts';

/** Time that moves only when a test says so. Timers fire in order, each with what follows from it done. */
class FakeClock implements Clock {
	#now = Date.UTC(2026, 0, 1);
	#timers: { at: number; callback: () => void }[] = [];

	now(): number {
		return this.#now;
	}

	setTimer(milliseconds: number, callback: () => void): () => void {
		const timer = { at: this.#now + milliseconds, callback };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((each) => each !== timer);
		};
	}

	get waiting(): number {
		return this.#timers.length;
	}

	async advance(seconds: number): Promise<void> {
		const end = this.#now + seconds * 1000;
		await settled();
		for (;;) {
			const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) break;
			this.#timers = this.#timers.filter((each) => each !== next);
			this.#now = Math.max(this.#now, next.at);
			next.callback();
			await settled();
		}
		this.#now = end;
		await settled();
	}
}

/** Until every promise that can resolve has: nothing here waits for real time. */
export async function settled(): Promise<void> {
	for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface StubContainer {
	readonly taskId: string;
	readonly spec: ContainerSpec;
	readonly signals: string[];
	/** What its health check answers. */
	health: { exitCode: number; output: string };
	/** A container that ignores SIGTERM has to be killed. */
	ignoresSigterm: boolean;
	readonly checks: { command: readonly string[]; at: number }[];
	readonly terminals: StubTerminal[];
	/** Opens a stub; a test may put another in its place. */
	openTerminal: RunningContainer['openTerminal'];
	ended: boolean;
	exit(exitCode: number, more?: Partial<ContainerExit>): void;
}

/** Containers that start at once and end when a test, a signal or their script says so. */
class StubRuntime implements TaskRuntime {
	readonly name = 'stub';
	readonly containers: StubContainer[] = [];
	/** Containers that ended or were told to, in order: `name:SIGTERM`, `name:exit`. */
	readonly journal: string[] = [];
	readonly disposed: string[] = [];
	readonly clock: Clock;
	readonly #addresses = new Map<string, string>();
	/** Called when a container starts; may throw, or end it. */
	onStart: (container: StubContainer) => void = () => undefined;

	constructor(clock: Clock) {
		this.clock = clock;
	}

	async pull(image: string) {
		if (image.includes('missing')) throw new ImagePullError(`failed to resolve ref ${image}: not found`);
		return { digest: `sha256:${'0'.repeat(64)}` };
	}

	async createTask({ taskId }: { taskId: string }) {
		const address = `127.0.1.${this.#addresses.size + 1}`;
		this.#addresses.set(taskId, address);
		return {
			address,
			isAt: () => {},
			start: async (spec: ContainerSpec) => this.#start(taskId, spec),
			dispose: async () => void this.disposed.push(taskId),
		};
	}

	/** The latest container of that name. */
	latest(name: string): StubContainer {
		const found = this.containers.findLast(({ spec }) => spec.name === name);
		if (found === undefined) throw new Error(`no container ${name} was started`);
		return found;
	}

	alive(name: string): StubContainer[] {
		return this.containers.filter(({ spec, ended }) => spec.name === name && !ended);
	}

	#start(taskId: string, spec: ContainerSpec): RunningContainer {
		let end: (exit: ContainerExit) => void = () => undefined;
		const exited = new Promise<ContainerExit>((resolve) => (end = resolve));
		const container: StubContainer = {
			taskId,
			spec,
			signals: [],
			health: { exitCode: 0, output: 'ok' },
			ignoresSigterm: false,
			checks: [],
			terminals: [],
			openTerminal: async (command, size) => {
				const terminal = new StubTerminal(command, size);
				container.terminals.push(terminal);
				void exited.then(() => terminal.exit(137));
				return terminal;
			},
			ended: false,
			exit: (exitCode, more = {}) => {
				if (container.ended) return;
				container.ended = true;
				this.journal.push(`${spec.name}:exit`);
				end({ exitCode, outOfMemory: false, ...more });
			},
		};
		this.journal.push(`${spec.name}:start`);
		this.onStart(container);
		this.containers.push(container);
		return {
			exited,
			signal: (name) => {
				container.signals.push(name);
				this.journal.push(`${spec.name}:${name}`);
				if (!container.ignoresSigterm) container.exit(143);
			},
			kill: () => container.exit(137),
			exec: async (command) => {
				container.checks.push({ command, at: this.clock.now() });
				return container.health;
			},
			openTerminal: (command, size) => container.openTerminal(command, size),
			connect: (_host, port) => connect(port, '127.0.0.1'),
		};
	}
}

export interface World {
	readonly ecs: Ecs;
	readonly clock: FakeClock;
	readonly runtime: StubRuntime;
	readonly logGroups: Map<string, string[]>;
	readonly puts: (LogTarget & { events: readonly LogEvent[] })[];
	readonly interfaces: Map<string, { subnetId: string; address: string; securityGroups: readonly string[] }>;
	readonly secrets: Map<string, string>;
	readonly missingRoles: Set<string>;
	readonly warnings: string[];
	/** The body of a success; throws where the answer is an error. */
	call(operation: string, input?: unknown, region?: string): Promise<Body>;
	/** `Code: message` of an error; throws where the answer is none. */
	refused(operation: string, input?: unknown): Promise<string>;
	handle(operation: string, input?: unknown): Promise<Answer>;
}

/** A JSON document whose members a test walks without checking each. */
export type Body = { readonly [member: string]: Body } & readonly Body[];

export function world(changes: Partial<EcsDependencies> = {}): World {
	const clock = new FakeClock();
	const runtime = new StubRuntime(clock);
	const logGroups = new Map<string, string[]>([['/group', []]]);
	const puts: World['puts'] = [];
	const interfaces: World['interfaces'] = new Map();
	let addresses = 4;
	const secrets = new Map<string, string>();
	const missingRoles = new Set<string>();
	const warnings: string[] = [];
	const vpcs: Record<string, string> = { 'subnet-a': 'vpc-1', 'subnet-b': 'vpc-1', 'subnet-other': 'vpc-2', 'sg-1': 'vpc-1', 'sg-other': 'vpc-2' };
	const missingGroup = () => new AwsFailure('ResourceNotFoundException', 'The specified log group does not exist.');
	const ecs = createEcs({
		account: '000000000000',
		region: 'eu-central-1',
		clock,
		runtime,
		network: {
			find: async (_region, { subnets, securityGroups }) => ({
				subnets: Object.fromEntries(subnets.flatMap((id) => (vpcs[id] === undefined ? [] : [[id, { vpcId: vpcs[id], availabilityZone: 'eu-central-1a' }]]))),
				securityGroups: Object.fromEntries(securityGroups.flatMap((id) => (vpcs[id] === undefined ? [] : [[id, vpcs[id]]]))),
			}),
			create: async ({ subnetId, address, securityGroups }) => {
				const networkInterfaceId = `eni-${interfaces.size + 1}`;
				interfaces.set(networkInterfaceId, { subnetId, address, securityGroups });
				return { networkInterfaceId, subnetId, privateIpv4Address: `10.0.0.${++addresses}`, macAddress: '02:00:00:00:00:01', availabilityZone: 'eu-central-1a' };
			},
			remove: async (_region, id) => void interfaces.delete(id),
		},
		logs: {
			open: async ({ group, createGroup }) => {
				if (createGroup && !logGroups.has(group)) logGroups.set(group, []);
				if (!logGroups.has(group)) throw missingGroup();
			},
			put: async (target, events) => {
				const lines = logGroups.get(target.group);
				if (lines === undefined) throw missingGroup();
				puts.push({ ...target, events });
				lines.push(...events.map(({ message }) => message));
			},
		},
		secrets: {
			get: async (reference) => {
				const id = reference.service === 'ssm' ? reference.name : reference.secretId;
				const value = secrets.get(id);
				if (value === undefined) throw new AwsFailure('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
				return value;
			},
		},
		roles: { exists: async (arn) => !missingRoles.has(arn) },
		endpointUrl: 'http://127.0.0.1:4566',
		warn: (line) => void warnings.push(line),
		...changes,
	});
	const handle = async (operation: string, input: unknown = {}, region?: string) => ecs.handle(operation, input, region === undefined ? {} : { region });
	return {
		ecs,
		clock,
		runtime,
		logGroups,
		puts,
		interfaces,
		secrets,
		missingRoles,
		warnings,
		handle,
		call: async (operation, input, region) => {
			const { status, body } = await handle(operation, input, region);
			if (status !== 200) throw new Error(`${operation}: ${JSON.stringify(body)}`);
			return JSON.parse(JSON.stringify(body)) as Body;
		},
		refused: async (operation, input) => {
			const { status, body } = await handle(operation, input);
			if (status === 200) throw new Error(`${operation} was answered: ${JSON.stringify(body)}`);
			return `${String(body['__type'])}: ${String(body['message'])}`;
		},
	};
}

export const executionRole = 'arn:aws:iam::000000000000:role/execution';
const taskRole = 'arn:aws:iam::000000000000:role/task';

/** A Fargate task definition with one container named like the family. */
export function definition(family: string, container: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
	return {
		family,
		requiresCompatibilities: ['FARGATE'],
		networkMode: 'awsvpc',
		cpu: '256',
		memory: '512',
		executionRoleArn: executionRole,
		taskRoleArn: taskRole,
		containerDefinitions: [{ name: family, image: 'example/image', ...container }],
		...more,
	};
}

export const healthCheck = { command: ['CMD', 'check'], interval: 10, timeout: 5, retries: 3, startPeriod: 60 };
export const network = { awsvpcConfiguration: { subnets: ['subnet-a', 'subnet-b'], securityGroups: ['sg-1'], assignPublicIp: 'ENABLED' } };
export const runnable = (family: string, more: Record<string, unknown> = {}) => ({ cluster: 'main', taskDefinition: family, launchType: 'FARGATE', networkConfiguration: network, ...more });
export const service = (name: string, more: Record<string, unknown> = {}) => ({ ...runnable(name), serviceName: name, desiredCount: 1, ...more });

/** A world with the cluster `main` and these definitions registered. */
export function worldWith(...definitions: readonly Record<string, unknown>[]): Promise<World> {
	return prepared(world(), definitions);
}

export async function prepared(made: World, definitions: readonly Record<string, unknown>[]): Promise<World> {
	await made.call('CreateCluster', { clusterName: 'main' });
	for (const each of definitions) await made.call('RegisterTaskDefinition', each);
	return made;
}
