import type { Recording } from './recording.ts';
import type { Act, Command, Scenario } from './scenario.ts';
import { type CallFault, callFaultNames, isKill, type Strike, type WriteStrike, writeFaults } from './strike.ts';

/** A row of random numbers below 1 that is the same for the same seed (mulberry32). */
export function randoms(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
	return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}

/** Answers that are lost do not end a run: several of them fit into one. */
const lostInOneRun = 8;
const killsInOneRelease = 5;
const writesInOneLife = 3;

const kills = callFaultNames.filter((fault) => isKill({ call: '', fault }));
const losses = callFaultNames.filter((fault) => !isKill({ call: '', fault }));

/**
 * Every call that changes something, of every command, with every fault; and every write of the state, each with one of the
 * faults in turn. After each strike the environment is brought up and taken down.
 * @param size how many releases, or lives of a branch, one scenario holds
 */
export function planOf(recording: Recording, seed: number, size = killsInOneRelease): Scenario[] {
	const random = randoms(seed);
	const of = (command: Command, faults: readonly CallFault[]): Strike[] => shuffled(faults.flatMap((fault) => recording.commands[command].calls.map((call): Strike => ({ call, fault }))), random);
	const writes = (command: Command): WriteStrike[] => {
		const first = Math.floor(random() * writeFaults.length);
		return shuffled(Array.from({ length: recording.commands[command].writes }, (_, at): WriteStrike => ({ write: at + 1, fault: writeFaults[(at + first) % writeFaults.length] ?? 'torn' })), random);
	};
	const scenarios = [
		...lives('life', single(of('up', kills)), single(of('teardown', kills))),
		...lives('lost answers', lost('up', of), lost('teardown', of)),
		...releases('release', single(of('deploy', kills)), size),
		...releases('release, lost answers', lost('deploy', of), size),
		...branches('branch', single(of('branch create', kills)), single(of('branch delete', kills)), size),
		...branches('branch, lost answers', lost('branch create', of), lost('branch delete', of), size),
		...lives('power', chained(writes('up')), chained(writes('teardown'))),
		...releases('release, power', single(writes('deploy')), size),
		...branches('branch, power', single(writes('branch create')), single(writes('branch delete')), size),
	];
	return shuffled(scenarios, random);
}

type Runs = (readonly Strike[])[];

const single = (strikes: readonly Strike[]): Runs[] => strikes.map((strike) => [[strike]]);
/** One after the other in one life: a run that goes on has only the later writes before it. */
const chained = (strikes: readonly WriteStrike[]): Runs[] => chunks(strikes, writesInOneLife).map((chunk) => {
	const inOrder = chunk.toSorted((a, b) => a.write - b.write);
	return inOrder.map((strike, index) => [{ ...strike, write: Math.max(1, strike.write - (inOrder[index - 1]?.write ?? 0)) }]);
});
const lost = (command: Command, of: (command: Command, faults: readonly CallFault[]) => Strike[]): Runs[] => losses.flatMap((fault) => chunks(of(command, [fault]), lostInOneRun).map((chunk) => [chunk]));

function chunks<T>(items: readonly T[], size: number): T[][] {
	return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Struck while it comes up, then while it goes; every other time it is brought up once more in between. */
function lives(name: string, ups: readonly Runs[], downs: readonly Runs[]): Scenario[] {
	return Array.from({ length: Math.max(ups.length, downs.length) }, (_, index): Scenario => {
		const up = acts('up', ups[index] ?? []);
		const down = (downs[index] ?? []).flatMap((strikes, at): Act[] => [...acts('teardown', [strikes]), ...((index + at) % 2 === 0 ? [standingUp] : [])]);
		return { id: `${name} ${index + 1}`, acts: [...up, standingUp, ...down, tornDown] };
	});
}

function releases(name: string, runs: readonly Runs[], size: number): Scenario[] {
	return chunks(runs, size).map((chunk, index) => {
		const releases = chunk.flatMap((run, at): Act[] => run.flatMap((strikes) => [{ command: 'deploy', strikes, change: `change ${at}` }, standingUp]));
		return { id: `${name} ${index + 1}`, acts: [standingUp, ...releases, tornDown] };
	});
}

function branches(name: string, creates: readonly Runs[], deletes: readonly Runs[], size: number): Scenario[] {
	const pairs = Array.from({ length: Math.max(creates.length, deletes.length) }, (_, index) => [...acts('branch create', creates[index] ?? []), branchStands, ...acts('branch delete', deletes[index] ?? []), branchGone]);
	return chunks(pairs, size).map((chunk, index) => ({ id: `${name} ${index + 1}`, acts: [standingUp, ...chunk.flat(), tornDown] }));
}

const acts = (command: Command, runs: Runs): Act[] => runs.map((strikes) => ({ command, strikes }));
const standingUp: Act = { command: 'up', stands: 'main' };
const tornDown: Act = { command: 'teardown', stands: 'nothing' };
const branchStands: Act = { command: 'branch create', stands: 'main and a branch' };
const branchGone: Act = { command: 'branch delete', stands: 'main' };
