import { AwsError } from './front/failure.ts';

/** Seconds within which AWS may not know everywhere what was just made; shorter than AWS's worst, long enough to be met by who does not expect it. */
const lagSeconds = { role: 8, id: 1.5 };
/** What EC2 says of an id that it does not know yet. */
const unknown: readonly (readonly [start: string, code: string, text: string])[] = [
	['vpc-', 'InvalidVpcID.NotFound', 'vpc ID'],
	['subnet-', 'InvalidSubnetID.NotFound', 'subnet ID'],
	['sg-', 'InvalidGroup.NotFound', 'security group'],
	['igw-', 'InvalidInternetGatewayID.NotFound', 'internetGateway ID'],
	['rtb-', 'InvalidRouteTableID.NotFound', 'routeTable ID'],
];

/** AWS's eventual consistency, for an endpoint that was started with `--latency`; without it everything is known at once. */
export class Lag {
	readonly #on: boolean;
	readonly #made = new Map<string, number>();

	constructor(on: boolean) {
		this.#on = on;
	}

	/** @param name a role's name, or an EC2 id */
	note(name: string): void {
		if (this.#on) this.#made.set(name, performance.now());
	}

	/** Whether ECS cannot assume the role yet. */
	isYoungRole(name: string): boolean {
		return this.#isYounger(name, lagSeconds.role);
	}

	/** @throws AwsError for the first of these values that is the id of something too new */
	assertKnown(values: Iterable<string>): void {
		for (const id of values) {
			const [, code, text] = unknown.find(([start]) => id.startsWith(start)) ?? [];
			if (code !== undefined && this.#isYounger(id, lagSeconds.id)) throw new AwsError(code, `The ${text} '${id}' does not exist`);
		}
	}

	#isYounger(name: string, seconds: number): boolean {
		return performance.now() - (this.#made.get(name) ?? Number.NEGATIVE_INFINITY) < seconds * 1000;
	}
}
