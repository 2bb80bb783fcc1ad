import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { down, type Outcome, plan, type PlannedChange, type Run, up } from '../../src/engine/engine.ts';
import type { Event } from '../../src/engine/events.ts';
import type { Stack } from '../../src/engine/stack.ts';
import { type Entry, readState, StateFile } from '../../src/engine/state.ts';
import { type Cloud, kinds } from './cloud.ts';

const scopes = ['shared', 'main'];
export const at = (directory: string, scope: string) => join(directory, 'state', `${scope}.json`);
const instantly = { unclear: 0, missing: 0, pause: 0 };

export function temporaryDirectory(): string {
	const directory = mkdtempSync(join(tmpdir(), 'engine-'));
	onTestFinished(() => rmSync(directory, { recursive: true }));
	return directory;
}

const tagsFor: Run<Cloud>['tagsFor'] = (_, key) => ({ identity: { key }, tags: { key } });

export async function open(directory: string, only: readonly string[] = scopes): Promise<Map<string, StateFile>> {
	return new Map(await Promise.all(only.map(async (scope) => [scope, await StateFile.open(at(directory, scope), { environment: scope })] as const)));
}

export type Change = Partial<Run<Cloud>> & { events?: Event[] };

async function withRun(directory: string, cloud: Cloud, { events, ...change }: Change, body: (run: Run<Cloud>) => Promise<Outcome>): Promise<Outcome> {
	const states = await open(directory);
	const emit = (event: Event) => void events?.push(event);
	try {
		return await body({ aws: cloud, states, kinds, tagsFor, limit: 4, signal: new AbortController().signal, settle: instantly, emit, ...change });
	} finally {
		for (const state of states.values()) await state.close();
	}
}

export function bringUp(directory: string, cloud: Cloud, stacks: readonly Stack<Cloud>[], change: Change = {}, goal?: readonly string[], removesOthers = false): Promise<Outcome> {
	return withRun(directory, cloud, change, (run) => up(stacks, run, goal && { keys: goal, removesOthers }));
}

export function takeDown(directory: string, cloud: Cloud, change: Change = {}, only: readonly string[] = scopes): Promise<Outcome> {
	return withRun(directory, cloud, change, (run) => down(run, only));
}

export async function planned(directory: string, cloud: Cloud, stacks: readonly Stack<Cloud>[], goal?: readonly string[], tags: Run<Cloud>['tagsFor'] = tagsFor): Promise<PlannedChange[]> {
	const views = await Promise.all(scopes.map(async (scope) => [scope, await readState(at(directory, scope))] as const));
	const states = new Map(views.flatMap(([scope, view]) => (view ? [[scope, view] as const] : [])));
	return plan(stacks, { aws: cloud, states, tagsFor: tags, limit: 4, signal: new AbortController().signal, emit: () => {} }, goal);
}

export async function entriesOf(directory: string, scope = 'main'): Promise<Readonly<Record<string, Entry>>> {
	return (await readState(at(directory, scope)))?.entries ?? {};
}

export const actions = ({ done }: Pick<Outcome, 'done'>): Record<string, string> => Object.fromEntries(done.map(({ key, action }) => [key, action]));
