import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import { criticalPath, type Outcome, plan, stepsOf, up } from '../engine/engine.ts';
import type { Stack } from '../engine/stack.ts';
import type { StateFile } from '../engine/state.ts';
import { type AnchorDocument, readAnchor } from '../resources/s3-anchor.ts';
import { readManifest } from '../resources/upload-bundle.ts';
import { restartVariable } from '../stacks/airflow-settings.ts';
import { standingCost, total } from '../stacks/cost.ts';
import { environmentStack, type Goal, partOf } from '../stacks/environment.ts';
import { naming, pageUrlOf, type StackInputs } from '../stacks/inputs.ts';
import { sharedScope, sharedStack } from '../stacks/shared.ts';
import { UserError } from '../errors.ts';
import { assertNotExpired } from './branch-options.ts';
import { definitionWith } from './components.ts';
import type { PlanDocument, UpDocument } from './documents.ts';
import { describeLogin } from './login-option.ts';
import type { Options } from './options.ts';
import { workAffected } from './running-work.ts';
import { preflight } from './preflight.ts';
import { currentAddress } from './recorded.ts';
import { recordOf } from './recorded-objects.ts';
import { assertDone, type Held, holding, lookAt, readStates, remember } from './session.ts';
import { type Seen, status } from './status.ts';
import { recordRun } from './timeline.ts';
import { stackInputs } from './wanted.ts';

/**
 * Brings up what a goal asks for. Safe to repeat, whatever happened before.
 * @throws UserError `Interrupted`, or the first failure; all that was made is recorded then
 */
export async function bringUp(options: Options, goal: Goal): Promise<UpDocument> {
	const [began, startedAt] = [performance.now(), new Date()];
	const outcome = await holding(options, (held) => converge(options, held, goal));
	await remember(options, outcome);
	if (goal === 'up') await recordRun(options, outcome, { startedAt, wallSeconds: seconds(performance.now() - began) });
	assertDone(outcome, options.command);
	const steps = stepsOf(outcome);
	// All of it has just been seen or made.
	const seen = goal === 'up' ? await justSeen(options) : undefined;
	return {
		...(await status(options, seen)),
		wallSeconds: seconds(performance.now() - began),
		criticalPathSeconds: criticalPath(steps),
		steps,
		restartNeeded: goal !== 'up' && (await isRestartNeeded(options)),
	};
}

async function justSeen(options: Options): Promise<Seen> {
	const states = await readStates(options);
	const [shared, own] = [sharedScope, options.config.environment].map((scope) => states.get(scope)?.entries ?? {});
	const uploaded = own?.['bundle']?.outputs?.['bundle'];
	return {
		resources: [shared, own].flatMap((entries = {}) => Object.entries(entries).map(([key, entry]) => recordOf(key, entry))),
		...(typeof uploaded === 'string' ? { uploaded } : {}),
	};
}

/** What `up` would do. Changes nothing, writes nothing. */
export async function planUp(options: Options): Promise<PlanDocument> {
	const states = await readStates(options);
	const inputs = await stackInputs(options, states, 'up');
	const lines = standingCost(inputs);
	const cost: PlanDocument['cost'] = { ...total(lines), currency: 'USD', lines };
	const login = describeLogin(inputs.login, pageUrlOf(inputs) ?? (inputs.login.auth === 'db' ? null : await currentAddress(options, states.get(options.config.environment)?.entries ?? {})));
	if (isStopped(options, inputs)) return { changes: [], runningWork: [], cost, login };
	const changes = await plan(stacksFor(inputs), lookAt(options, states));
	await preflight(options, inputs, states.get(options.config.environment)?.entries ?? {}, 'up', states.get(sharedScope)?.entries).catch(sayWhatStops(options));
	const runningWork = await workAffected(options.aws, states.get(options.config.environment)?.entries ?? {}, changes);
	return { changes: changes.map(({ key, type, action, why }) => ({ key, type, action, why })), runningWork, cost, login };
}

function isStopped(options: Options, { config, branch }: StackInputs): boolean {
	try {
		assertNotExpired(config.environment, branch);
		return false;
	} catch (error) {
		sayWhatStops(options)(error);
		return true;
	}
}

async function converge(options: Options, held: Held, goal: Goal): Promise<Outcome> {
	const anchor = await sharedAnchor(options, held);
	await forgetVanished(options, held, anchor);
	const inputs = await stackInputs(options, held.run.states, goal);
	assertNotExpired(inputs.config.environment, inputs.branch);
	await preflight(options, inputs, held.environment.entries, goal, held.shared.entries);
	const stacks = stacksFor(inputs);
	const known = knownScopes(held, inputs, anchor);
	const outcome = await up(stacks, { ...sharingEarly(held, stacks[0]), known }, partOf(goal, inputs));
	if (known.size > 0 && outcome.failed.size > 0) options.warn('the shared stack was taken for what is recorded of it: the same command again looks at every object of it');
	return outcome;
}

/** Of the shared stack that is recorded here; undefined where it is gone, or none is recorded. */
async function sharedAnchor({ aws, config }: Options, { shared }: Held): Promise<AnchorDocument | undefined> {
	return shared.entries['anchor-shared']?.status === 'ready' ? readAnchor(aws, naming({ config, place: aws }).bucket, sharedScope) : undefined;
}

/** For a new branch the shared stack is not looked at object by object, where all of it is recorded as ready and its anchor is still there. */
function knownScopes({ environment, shared }: Held, { branch }: StackInputs, anchor: AnchorDocument | undefined): ReadonlySet<string> {
	const isNew = branch !== undefined && Object.keys(environment.entries).length === 0;
	const stands = anchor?.nonce === shared.header['nonce'] && Object.values(shared.entries).every(({ status }) => status === 'ready');
	return new Set(isNew && stands ? [sharedScope] : []);
}

function stacksFor(inputs: StackInputs): [Stack<Aws>, Stack<Aws>] {
	const { stack, shared } = sharedStack(inputs);
	return [stack, environmentStack(inputs, shared)];
}

/** The run, with the shared stack given free for others as soon as all of it and our anchor stand. */
function sharingEarly(held: Held, shared: Stack<Aws>): Held['run'] {
	const missing = new Set([...shared.nodes.keys(), 'anchor']);
	return {
		...held.run,
		async onReady(key) {
			missing.delete(key);
			if (missing.size === 0 && hasNothingToPrune(held.shared, shared)) await held.releaseShared();
		},
	};
}

function hasNothingToPrune(state: StateFile, stack: Stack<Aws>): boolean {
	return Object.keys(state.entries).every((key) => stack.nodes.has(key));
}

/** A plan tells of an obstacle and goes on. */
function sayWhatStops({ warn }: Options): (error: unknown) => void {
	return (error) => {
		if (!(error instanceof UserError)) throw error;
		warn(`up would stop before it makes anything: ${error.message}`);
	};
}

/**
 * The local account does not outlive a reboot. Where the record's anchor is gone there, so is all else: begin anew.
 * A real account is asked object by object instead.
 */
async function forgetVanished({ aws, warn }: Options, { shared, environment }: Held, anchor: AnchorDocument | undefined): Promise<void> {
	if (anchor || !isLoopback(aws.endpoint) || shared.entries['anchor-shared']?.status !== 'ready') return;
	warn('the local account is empty (it does not outlive a reboot or a reset): building it again');
	for (const state of [shared, environment]) {
		await state.update((entries) => {
			for (const key of Object.keys(entries)) delete entries[key];
		});
	}
}

/** Whether the services, if there are any, started with another release than the one that was uploaded last. */
async function isRestartNeeded(options: Options): Promise<boolean> {
	const { config, aws } = options;
	const { entries = {} } = (await readStates(options)).get(config.environment) ?? {};
	const started = JSON.stringify(definitionWith(entries, 'webserver')?.inputs);
	const manifest = await readManifest(options, naming({ config, place: aws }).bucket, config.environment);
	return started !== undefined && manifest !== undefined && !started.includes(JSON.stringify({ name: restartVariable, value: manifest.restart }));
}

function seconds(milliseconds: number): number {
	return Math.round(milliseconds / 100) / 10;
}
