import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Aws } from '../aws/clients.ts';
import type { Look, Outcome, Run } from '../engine/engine.ts';
import { acquireLock, type Lock } from '../engine/lock.ts';
import { assertSame, readState, StateFile, type StateView } from '../engine/state.ts';
import { Exit, UserError } from '../errors.ts';
import { version } from '../package.ts';
import { kinds } from '../resources/registry.ts';
import { sharedScope } from '../stacks/shared.ts';
import { keepDeathFile } from './death-files.ts';
import type { Options } from './options.ts';
import { acquireShared, leasesOf } from './one-writer.ts';
import { filesOf } from './places.ts';

/** Nodes worked on at the same time: AWS throttles some services at a few calls a second. */
const limit = 16;

/** The states of an environment and of the shared stack, under their locks. */
export interface Held {
	readonly environment: StateFile;
	readonly shared: StateFile;
	readonly run: Run<Aws>;
	/** Lets others use the shared stack; it must not be changed afterwards. */
	releaseShared(): Promise<void>;
}

/**
 * Holds both locks and states while `body` runs. Another run on the environment is an error, one on the shared stack is waited for.
 * @throws UserError `EnvironmentLocked`, or what opening a state throws
 */
export async function holding<T>(options: Options, body: (held: Held) => Promise<T>): Promise<T> {
	const { environment } = options.config;
	const own = await acquireLock(filesOf(options.cwd, options.aws, environment).lock, { command: options.command, wait: false });
	try {
		const shared = await acquireShared(options);
		try {
			return await withStates(options, own, shared, body);
		} finally {
			await shared.release();
		}
	} finally {
		await own.release();
	}
}

async function withStates<T>(options: Options, own: Lock, sharedLock: Lock, body: (held: Held) => Promise<T>): Promise<T> {
	const environment = await openState(options, options.config.environment);
	const shared = await openState(options, sharedScope);
	let sharedHeld = true;
	const [lease, sharedLease] = leasesOf(options);
	const states = new Map([environment, shared].map((state) => [state.header['environment'] ?? '', state]));
	const run: Run<Aws> = {
		...lookAt(options, states),
		states,
		kinds,
		beforeMutation: async () => {
			await own.check();
			if (sharedHeld) await sharedLock.check();
			if (shared.entries['bucket']?.status !== 'ready') return;
			await lease.check();
			if (sharedHeld) await sharedLease.check();
		},
		...(options.confirmRecreate ? { confirmRecreate: options.confirmRecreate } : {}),
	};
	try {
		return await body({
			environment,
			shared,
			run,
			async releaseShared() {
				if (!sharedHeld) return;
				sharedHeld = false;
				await shared.close();
				await sharedLease.release();
				await sharedLock.release();
			},
		});
	} finally {
		// First: where a run dies before its lease is gone, its record still says that there is something to remove.
		try {
			await Promise.all([lease.release(), ...(sharedHeld ? [sharedLease.release()] : [])]);
		} finally {
			await environment.close();
			if (sharedHeld) await shared.close();
		}
	}
}

/** What looking at the environment needs. The tags carry the nonce of the scope's state. */
export function lookAt(options: Options, states: ReadonlyMap<string, StateView>): Look<Aws> {
	const { config, aws, signal } = options;
	return {
		aws,
		states,
		limit,
		signal,
		emit: options.observe,
		keep: (name, document) => keepDeathFile(options, name, document),
		tagsFor(scope, key) {
			const identity = {
				'airflow-deploy:project': config.project,
				'airflow-deploy:environment': scope,
				'airflow-deploy:key': key,
				'airflow-deploy:nonce': states.get(scope)?.header['nonce'] ?? 'none',
			};
			return { identity, tags: { ...config.tags, ...identity } };
		},
	};
}

export function headerOf({ aws, config }: Options, scope: string): Record<string, string> {
	return { tool: version, account: aws.account, region: aws.region, project: config.project, environment: scope };
}

function openState(options: Options, scope: string): Promise<StateFile> {
	return StateFile.open(filesOf(options.cwd, options.aws, scope).state, headerOf(options, scope));
}

/** Both states as they are recorded, without locks; empty where there is none. */
export async function readStates(options: Options): Promise<ReadonlyMap<string, StateView>> {
	const scopes = [sharedScope, options.config.environment];
	const read = async (scope: string): Promise<StateView> => {
		const header = headerOf(options, scope);
		const path = filesOf(options.cwd, options.aws, scope).state;
		const found = await readState(path, header);
		if (found) assertSame(path, found.header, header);
		return found ?? { header, entries: {} };
	};
	return new Map(await Promise.all(scopes.map(async (scope) => [scope, await read(scope)] as const)));
}

/** Remembers how long each step took, for estimates. What cannot be written is not worth a failure. */
export async function remember(options: Options, { done }: Outcome): Promise<void> {
	const path = filesOf(options.cwd, options.aws, options.config.environment).history;
	const lines = done.filter(({ action }) => action !== 'none').map(({ key, type, action, seconds, startedAt }) => JSON.stringify({ key, type, action, seconds, at: startedAt }));
	if (lines.length === 0) return;
	await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => {});
	await appendFile(path, `${lines.join('\n')}\n`, { mode: 0o600 }).catch(() => {});
}

/** @throws the first failure of a run, or `Interrupted`; nothing where all was done */
export function assertDone(outcome: Outcome, command: string): void {
	const [failure] = outcome.failed.values();
	if (failure !== undefined) throw failure;
	if (!outcome.interrupted) return;
	const left = outcome.skipped.length;
	throw new UserError('Interrupted', `interrupted: ${outcome.done.length} steps are done, ${left} are not; all is recorded`, {
		hint: `airflow-deploy ${command}   # goes on where it stopped`,
		exit: Exit.interrupted,
	});
}
