import type { Answer } from '../../src/local/front/failure.ts';
import type { Ended } from './command-line.ts';
import type { Stage } from './stage.ts';
import type { Sent } from './wire.ts';

/** What happens to one call that changes something. */
const callFaults = {
	'killed before it is sent': async (_: Sent, kill: () => void): Promise<undefined> => kill() as undefined,
	async 'killed before it is answered'(sent: Sent, kill: () => void): Promise<undefined> {
		await sent.forward();
		return kill() as undefined;
	},
	async 'answer lost'(sent: Sent): Promise<undefined> {
		await sent.forward();
		return undefined;
	},
	async 'answered with 500'(sent: Sent): Promise<Answer> {
		await sent.forward();
		return sent.failure('InternalFailure', 'We encountered an internal error. Please try again.', 500);
	},
};

/** What is left of a state file that was being written when the power went; see `power-loss.mjs`. */
const writeFaults = ['absent', 'torn', 'unnamed', 'written'] as const;

export type CallFault = keyof typeof callFaults;
type WriteFault = (typeof writeFaults)[number];
export const callFaultNames = Object.keys(callFaults) as CallFault[];
export { writeFaults };

interface CallStrike {
	/** As `Named.name`, with `#2` for the second one of that name in a run. */
	readonly call: string;
	readonly fault: CallFault;
}

export interface WriteStrike {
	/** The number of a write of the state in its run. */
	readonly write: number;
	readonly fault: WriteFault;
}

export type Strike = CallStrike | WriteStrike;

export const isKill = ({ fault }: Strike): boolean => fault !== 'answer lost' && fault !== 'answered with 500';

export const describeStrike = (strike: Strike): string => ('call' in strike ? `${strike.call} ${strike.fault}` : `power lost at write ${strike.write}, ${strike.fault}`);

export interface Struck extends Ended {
	/** Those whose call or write came. */
	readonly met: number;
	readonly calls: number;
}

/** Numbers calls of the same name within a run. */
export function counting(): (name: string) => string {
	const seen = new Map<string, number>();
	return (name) => {
		const count = (seen.get(name) ?? 0) + 1;
		seen.set(name, count);
		return `${name}#${count}`;
	};
}

/** Runs a command during which these strikes come down; of those that end the process, there is one at most. */
export async function struck(stage: Stage, args: readonly string[], strikes: readonly Strike[]): Promise<Struck> {
	const power = strikes.find((strike) => 'write' in strike);
	const numbered = counting();
	let [met, calls] = [0, 0];
	stage.wire.interfere = async (sent) => {
		calls += 1;
		const name = sent.mutates ? numbered(sent.name) : '';
		const strike = strikes.find((each) => 'call' in each && each.call === name);
		if (!strike || !('call' in strike)) return sent.forward();
		met += 1;
		return callFaults[strike.fault](sent, () => run.kill());
	};
	const run = stage.start(args, power && 'write' in power ? { AT: power.write, LOSS: power.fault } : undefined);
	const ended = await run.ended;
	stage.wire.calm();
	return { ...ended, met: met + (power && ended.exit === null ? 1 : 0), calls };
}
