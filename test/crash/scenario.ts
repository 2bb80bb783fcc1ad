import type { Ended } from './command-line.ts';
import { differences, type Inventory, leaseKind, surplus } from './inventory.ts';
import type { Stage } from './stage.ts';
import { isKill, type Strike, struck } from './strike.ts';

export const commands = {
	up: ['up'],
	deploy: ['deploy'],
	'branch create': ['branch', 'create', 'fix'],
	'branch delete': ['branch', 'delete', 'fix', '--yes'],
	teardown: ['teardown', '--yes'],
} as const;
export type Command = keyof typeof commands;

/** What stands when nothing has gone wrong. */
export type Standing = 'nothing' | 'main' | 'main and a branch';

/** One run of the command line. Without strikes it must end with 0, and what then stands is looked at. */
export interface Act {
	readonly command: Command;
	readonly strikes?: readonly Strike[];
	readonly stands?: Standing;
	/** Changes the code base before the command. */
	readonly change?: string;
}

export interface Scenario {
	readonly id: string;
	readonly acts: readonly Act[];
	/** The name of a weather instead: see `climate.ts`. */
	readonly climate?: string;
}

export interface Result {
	readonly id: string;
	readonly strikes: number;
	/** Strikes whose call never came: nothing was tried. */
	readonly unmet: readonly Strike[];
	readonly calls: number;
	readonly leftovers: readonly string[];
	readonly duplicates: readonly string[];
	/** What went wrong otherwise: exit codes, what is missing. */
	readonly failures: readonly string[];
	/** Struck commands that gave up with an explanation, and were run again. */
	readonly gaveUp: readonly string[];
	readonly seconds: number;
}

export function hasFailed({ failures, leftovers, duplicates }: Pick<Result, 'failures' | 'leftovers' | 'duplicates'>): boolean {
	return failures.length + leftovers.length + duplicates.length > 0;
}

export type References = Readonly<Partial<Record<Standing, Inventory>>>;

/** Plays a scenario on an empty stage, and empties the stage where that left something. */
export async function play(stage: Stage, { id, acts }: Scenario, references: References): Promise<Result> {
	const began = performance.now();
	const result = { id, strikes: 0, unmet: [] as Strike[], calls: 0, leftovers: [] as string[], duplicates: [] as string[], failures: [] as string[], gaveUp: [] as string[] };
	for (const [index, { command, strikes = [], stands, change }] of acts.entries()) {
		if (change !== undefined) stage.change(change);
		// Of an account there is one, for good: it is made in one that has none.
		if (strikes.some((strike) => 'call' in strike && strike.call.startsWith('iam.CreateServiceLinkedRole'))) await stage.clear();
		const ended = await struck(stage, commands[command], strikes);
		result.strikes += strikes.length;
		result.calls += ended.calls;
		if (ended.met < strikes.length && strikes.some(isKill)) result.unmet.push(...strikes);
		const where = `${index + 1}. ${command}`;
		if (strikes.length > 0 && !strikes.some(isKill) && ended.exit === 1) result.gaveUp.push(`${where}: ${lastLines(ended)}`);
		else result.failures.push(...wrongExit(ended, strikes).map((text) => `${where}: ${text}`));
		if (strikes.length === 0 && stands !== undefined) await look(stage, stands, references, result);
		if (hasFailed(result)) break;
	}
	if (hasFailed(result)) await stage.clear();
	return { ...result, seconds: Math.round((performance.now() - began) / 100) / 10 };
}

/** The last thing that a branch is known by goes last: a run that died after it has left nothing to remove. */
const nothingToRemove = /there is no branch environment fix/;

function wrongExit(ended: Ended, strikes: readonly Strike[]): string[] {
	if (ended.exit === 0 || (ended.exit === 1 && nothingToRemove.test(ended.stderr)) || (ended.exit === null && strikes.some(isKill))) return [];
	return [`ended with ${ended.exit}: ${lastLines(ended)}`];
}

function lastLines({ stderr }: Ended): string {
	return stderr.trimEnd().split('\n').slice(-6).join(' | ');
}

export async function look(stage: Stage, stands: Standing, references: References, result: { leftovers: string[]; duplicates: string[]; failures: string[] }): Promise<void> {
	const now = await stage.inventory();
	if (stands === 'nothing') {
		result.leftovers.push(...surplus(now, stage.untouched), ...stage.filesLeft());
		return;
	}
	const wanted = references[stands];
	if (!wanted) return;
	result.duplicates.push(...differences(now, wanted, 1).filter((text) => !(stands === 'main and a branch' && text.startsWith(leaseKind))));
	result.failures.push(...differences(now, wanted, -1).map((text) => `missing, ${text}`));
}
