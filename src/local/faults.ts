import { z } from 'zod';
import type { TaskFault, TaskFaults } from './ecs/dependencies.ts';
import type { Call } from './front/call.ts';
import { AwsError } from './front/failure.ts';

/** How long a fault lasts: so many times, or so many seconds from when it was asked for; neither: once. */
const limits = { times: z.number().int().min(1).optional(), seconds: z.number().positive().optional() };
const ofFamily = { family: z.string(), container: z.string().optional() };

/** What can be asked for. */
const Fault = z.discriminatedUnion('fault', [
	/** A call of any service is refused before anything happens, e.g. `ThrottlingException`, `Rate exceeded`. */
	z.strictObject({ fault: z.literal('refuse'), service: z.string(), operation: z.string(), code: z.string(), message: z.string(), status: z.number().int().optional(), ...limits }),
	/** RunTask answers `failures[]`, a service's event says that no task can be placed. */
	z.strictObject({ fault: z.literal('no-capacity'), family: z.string(), message: z.string().optional(), ...limits }),
	/** An image of the task cannot be pulled, a secret of it not be read, its container is killed for its memory. */
	z.strictObject({ fault: z.literal('image-pull'), ...ofFamily, message: z.string().optional(), ...limits }),
	z.strictObject({ fault: z.literal('secret'), ...ofFamily, message: z.string().optional(), ...limits }),
	/** At once where it runs, else when it next starts. */
	z.strictObject({ fault: z.literal('out-of-memory'), ...ofFamily, message: z.string().optional(), ...limits }),
]);

export type Fault = z.input<typeof Fault>;

interface Waiting {
	readonly fault: z.output<typeof Fault>;
	readonly until: number;
	times: number;
}

/** AWS's own words, where a test gives none. */
const usual: Readonly<Record<TaskFault, string>> = {
	'no-capacity': 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
	'image-pull': 'pull image manifest has been retried 5 time(s): failed to resolve ref: not found',
	secret: "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
	'out-of-memory': 'OutOfMemoryError: Container killed due to memory usage',
};

/** What tests make go wrong in this endpoint, as it goes wrong in AWS. No command and no flag asks for it: only `POST /_endpoint/faults`. */
export class Faults implements TaskFaults {
	#waiting: Waiting[] = [];

	/** Puts these in place of all that were asked for before. @throws AwsError where they are no list of faults */
	ask(faults: unknown): void {
		const parsed = z.array(Fault).safeParse(faults);
		if (!parsed.success) throw new AwsError('ValidationException', z.prettifyError(parsed.error));
		this.#waiting = parsed.data.map((fault) => ({
			fault,
			until: Date.now() + (fault.seconds ?? Infinity) * 1000,
			times: fault.times ?? (fault.seconds === undefined ? 1 : Infinity),
		}));
	}

	/** The refusal of a call, if one was asked for; it counts as one time. */
	refusal({ service, operation }: Pick<Call, 'service' | 'operation'>): AwsError | undefined {
		const taken = this.#take(({ fault }) => fault.fault === 'refuse' && fault.service === service && fault.operation === operation);
		if (taken?.fault !== 'refuse') return undefined;
		return new AwsError(taken.code, taken.message, taken.status === undefined ? {} : { status: taken.status });
	}

	take(wanted: TaskFault, { family, container }: { family: string; container?: string }): string | undefined {
		const taken = this.#take(({ fault }) => {
			if (fault.fault !== wanted || fault.family !== family) return false;
			return !('container' in fault) || fault.container === undefined || fault.container === container;
		});
		return taken && (taken.message ?? usual[wanted]);
	}

	#take(matches: (waiting: Waiting) => boolean): Waiting['fault'] | undefined {
		const now = Date.now();
		this.#waiting = this.#waiting.filter(({ times, until }) => times > 0 && until > now);
		const found = this.#waiting.find(matches);
		if (found) found.times -= 1;
		return found?.fault;
	}
}
