import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, commands, hasFailed, look, type References, type Result } from './scenario.ts';
import { deployer, type Stage } from './stage.ts';
import { expiry, outage, portal, staleReads, storm } from './weather.ts';
import type { Interference } from './wire.ts';

/** One weather, and how often a command may stop in it before it ends well. */
export interface Climate {
	readonly name: string;
	readonly stops: number;
	/** Makes the weather for one command; what it returns is called before the command is run again. */
	readonly begin: (stage: Stage, random: () => number) => { readonly interfere: Interference; readonly again?: () => Promise<void> | void };
}

/** AWS answers a tool that goes on asking in 5 or 10 minutes all the same: a stop with an explanation is a good end for a run. */
export const climates: readonly Climate[] = [
	{ name: '30 % throttled, 5 % answered with 500, 3 % of connections broken', stops: 3, begin: (_, random) => ({ interfere: storm({ throttled: 0.3, failed: 0.05, broken: 0.03 }, random) }) },
	{ name: 'reads 10 s behind', stops: 0, begin: farAway },
	{ name: 'a minute without network', stops: 1, begin: minuteWithout },
	{ name: 'a session token that ends', stops: 1, begin: sessionToken },
	{ name: 'the session of an assumed role ends', stops: 1, begin: assumedRole },
	{ name: 'the login of IAM Identity Center ends', stops: 1, begin: identityCenter },
];

/** With the patience that the tool has with AWS: it waits less for an endpoint on this machine. */
function farAway(stage: Stage): ReturnType<Climate['begin']> {
	stage.env = { ...stage.env, AWS_ENDPOINT_URL: stage.wire.farUrl, AIRFLOW_DEPLOY_ALLOWED_CIDRS: '127.0.0.0/8' };
	return { interfere: staleReads(10) };
}

/** Who reads that the network is gone waits for it. */
function minuteWithout(): ReturnType<Climate['begin']> {
	const { interfere, over } = outage({ afterCalls: 60, seconds: 60 });
	return { interfere, again: () => over };
}

function sessionToken(stage: Stage): ReturnType<Climate['begin']> {
	const withKey = (key: string): void => void (stage.env = { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'local', AWS_SESSION_TOKEN: 'local' });
	withKey('ASIAFIRST');
	return { interfere: expiry({ afterCalls: 60, isTemporary: (key) => key === 'ASIAFIRST' }), again: () => withKey('ASIASECOND') };
}

/** Each run assumes the role anew. */
function assumedRole(stage: Stage): ReturnType<Climate['begin']> {
	profile(stage, [`role_arn = arn:aws:iam::000000000000:role/${deployer}`, 'source_profile = base', '[profile base]', 'aws_access_key_id = AKIALOCAL', 'aws_secret_access_key = local']);
	let ended = false;
	// Each client assumes the role by itself.
	const ends = expiry({ afterCalls: 15, isTemporary: (key) => !ended && key !== 'AKIALOCAL' });
	return { interfere: ends, again: () => void (ended = true) };
}

function identityCenter(stage: Stage): ReturnType<Climate['begin']> {
	const start = 'https://example.awsapps.com/start';
	const home = profile(stage, [`sso_start_url = ${start}`, 'sso_region = us-east-1', 'sso_account_id = 000000000000', 'sso_role_name = deployer']);
	const cache = join(home, '.aws', 'sso', 'cache');
	mkdirSync(cache, { recursive: true });
	writeFileSync(join(cache, `${createHash('sha1').update(start).digest('hex')}.json`), JSON.stringify({ startUrl: start, region: 'us-east-1', accessToken: 'local', expiresAt: '2099-01-01T00:00:00Z' }));
	const { interfere, logIn } = portal({ afterLooks: 40 });
	return { interfere, again: logIn };
}

/** A home directory with one profile, which the command line is to use. */
function profile(stage: Stage, lines: readonly string[]): string {
	const home = join(stage.directory, 'home');
	mkdirSync(join(home, '.aws'), { recursive: true });
	writeFileSync(join(home, '.aws', 'config'), ['[profile person]', 'region = us-east-1', ...lines, ''].join('\n'));
	stage.env = { HOME: home, XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache'), AWS_PROFILE: 'person' };
	return home;
}

/** `up` and `teardown`, each run until it ends well. */
export async function weather(stage: Stage, { name, stops, begin }: Climate, references: References, random: () => number): Promise<Result> {
	const began = performance.now();
	const result = { id: name, strikes: 0, unmet: [], calls: 0, leftovers: [] as string[], duplicates: [] as string[], failures: [] as string[], gaveUp: [] as string[] };
	const kept = stage.env;
	for (const [command, stands] of [['up', 'main'], ['teardown', 'nothing']] as const) {
		const { interfere, again } = begin(stage, random);
		await untilDone(stage, { command, stops, interfere, again: again ?? (() => {}) }, result);
		if (result.failures.length === 0) await look(stage, stands, references, result);
	}
	stage.env = kept;
	if (hasFailed(result)) await stage.clear();
	return { ...result, seconds: Math.round((performance.now() - began) / 100) / 10 };
}

interface Repeated {
	readonly command: Command;
	readonly stops: number;
	readonly interfere: Interference;
	readonly again: () => Promise<void> | void;
}

async function untilDone(stage: Stage, { command, stops, interfere, again }: Repeated, result: { calls: number; failures: string[]; gaveUp: string[] }): Promise<void> {
	for (let stopped = 0; ; stopped += 1) {
		stage.wire.interfere = (sent) => {
			result.calls += 1;
			return interfere(sent);
		};
		const { exit, stdout, stderr } = await stage.start(commands[command]).ended;
		stage.wire.calm();
		if (exit === 0) return;
		const last = stderr.trimEnd().split('\n').slice(-2).join(' | ');
		if (!isClear(stderr) || stopped >= stops) return void result.failures.push(`${command} ended with ${exit}: ${[...stdout.trimEnd().split('\n').slice(0, 12), ...stderr.trimEnd().split('\n').slice(-12)].join(' | ')}`);
		result.gaveUp.push(`${command}: ${last}`);
		await again();
	}
}

/** One line that says what happened, one that says what to do; no stack, and no defect of ours. */
function isClear(stderr: string): boolean {
	const lines = stderr.trimEnd().split('\n').slice(-2);
	return lines[0]?.startsWith('error: ') === true && lines[1]?.startsWith('hint:') === true && !/defect|^ +at /m.test(stderr);
}
