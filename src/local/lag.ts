import { AwsError } from './front/failure.ts';

/** How much of AWS's time the endpoint takes. */
const latencies = { none: 0, aws: 1, 'aws/20': 1 / 20 } as const;
export type Latency = keyof typeof latencies;

export function isLatency(text: string): text is Latency {
	return Object.hasOwn(latencies, text);
}

/**
 * What takes AWS how many seconds: medians of public logs (RDS, Fargate tasks, mount targets, load balancers), else what its
 * documentation or other tools name. A role or an id is not known everywhere for some of them.
 */
const awsSeconds = {
	role: 8,
	id: 1.5,
	vpcPieces: 3,
	fileSystem: 6,
	mountTarget: 75,
	accessPoint: 2,
	efsRemoval: 20,
	database: 200,
	databaseBackup: 46,
	databaseRemoval: 150,
	taskNetwork: 5.6,
	taskPull: 49,
	taskActivation: 37,
	taskRemoval: 23,
};
export type Wait = keyof typeof awsSeconds;

/** What EC2 says of an id that it does not know yet. */
const unknown: readonly (readonly [start: string, code: string, text: string])[] = [
	['vpc-', 'InvalidVpcID.NotFound', 'vpc ID'],
	['subnet-', 'InvalidSubnetID.NotFound', 'subnet ID'],
	['sg-', 'InvalidGroup.NotFound', 'security group'],
	['igw-', 'InvalidInternetGatewayID.NotFound', 'internetGateway ID'],
	['rtb-', 'InvalidRouteTableID.NotFound', 'routeTable ID'],
];

/** AWS's slowness and eventual consistency, for an endpoint that was started with `--latency`; without it everything is known, and done, at once. */
export class Lag {
	readonly #share: number;
	readonly #made = new Map<string, number>();

	constructor(latency: Latency) {
		this.#share = latencies[latency];
	}

	/** 0 where nothing is waited for. */
	milliseconds(wait: Wait): number {
		return awsSeconds[wait] * 1000 * this.#share;
	}

	/** @param name a role's name, or an EC2 id */
	note(name: string): void {
		if (this.#share > 0) this.#made.set(name, performance.now());
	}

	/** Whether ECS cannot assume the role yet. */
	isYoungRole(name: string): boolean {
		return this.isYounger(name, 'role');
	}

	/** @throws AwsError for the first of these values that is the id of something too new */
	assertKnown(values: Iterable<string>): void {
		for (const id of values) {
			const [, code, text] = unknown.find(([start]) => id.startsWith(start)) ?? [];
			if (code !== undefined && this.isYounger(id, 'id')) throw new AwsError(code, `The ${text} '${id}' does not exist`);
		}
	}

	/** Whether it was made less than that time ago. */
	isYounger(name: string, wait: Wait): boolean {
		return performance.now() - (this.#made.get(name) ?? Number.NEGATIVE_INFINITY) < this.milliseconds(wait);
	}
}
