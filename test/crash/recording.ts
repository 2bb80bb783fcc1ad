import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inventory } from './inventory.ts';
import { type Command, commands, type Standing } from './scenario.ts';
import type { Stage } from './stage.ts';
import { counting } from './strike.ts';

/** What a command does when nothing goes wrong. */
interface Recorded {
	/** Calls that change something, in order, numbered by name. */
	readonly calls: readonly string[];
	/** How often it wrote the state. */
	readonly writes: number;
}

export interface Recording {
	readonly commands: Readonly<Record<Command, Recorded>>;
	/** As pairs, so that it can be written down. */
	readonly stands: readonly (readonly [Standing, [kind: string, ids: readonly string[]][]])[];
}

const life: readonly (readonly [Command, Standing | undefined])[] = [
	['up', 'main'],
	['deploy', undefined],
	['branch create', 'main and a branch'],
	['branch delete', undefined],
	['teardown', undefined],
];

/** One whole life on an empty stage: what there is to be struck, and what should stand afterwards. */
export async function record(stage: Stage): Promise<Recording> {
	const recorded: Partial<Record<Command, Recorded>> = {};
	const stands: [Standing, [string, readonly string[]][]][] = [];
	for (const [command, standing] of life) {
		if (command === 'deploy') stage.change('recorded');
		recorded[command] = await recordOne(stage, command);
		if (standing) stands.push([standing, [...(await stage.inventory())]]);
	}
	return { commands: recorded as Recording['commands'], stands };
}

async function recordOne(stage: Stage, command: Command): Promise<Recorded> {
	const [calls, numbered] = [[] as string[], counting()];
	const writes = join(stage.directory, 'writes');
	stage.wire.note = (sent) => void (sent.mutates && calls.push(numbered(sent.name)));
	const { exit, stderr } = await stage.start(commands[command], { AT: 0, LOSS: 'written', WRITES: writes }).ended;
	stage.wire.calm();
	if (exit !== 0) throw new Error(`${command} ended with ${exit} although nothing went wrong:\n${stderr.slice(-2000)}`);
	return { calls, writes: Number(readFileSync(writes, 'utf8')) };
}

export function referencesOf({ stands }: Recording): Partial<Record<Standing, Inventory>> {
	return Object.fromEntries(stands.map(([standing, inventory]) => [standing, new Map(inventory)]));
}
