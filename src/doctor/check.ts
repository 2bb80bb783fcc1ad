import type { Aws } from '../aws/clients.ts';
import { explain } from '../aws/errors.ts';
import type { Config } from '../config/config.ts';
import type { Entries } from '../engine/state.ts';
import type { Options } from '../environment/options.ts';
import { UserError } from '../errors.ts';

/** What every check works with. */
export interface Patient {
	readonly config: Config;
	readonly region: { readonly name: string; readonly source: string };
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
	/** Where the calls go: a loopback address stands for a machine that needs no engine and no registry. */
	readonly endpoint: string | undefined;
	readonly signal: AbortSignal;
	/** What is done just now, for a check that takes its time. */
	readonly busy: (text: string) => void;
}

/** What checks of the account work with. */
export interface AccountPatient extends Patient {
	readonly aws: Aws;
	/** What is recorded of the environment, and of the shared stack. */
	readonly recorded: { readonly own: Entries; readonly shared: Entries };
	/** For the preflight's own checks; `warn` collects what could not be checked. */
	options(warn: (line: string) => void): Options;
}

export type Who = 'you' | 'an account administrator' | 'an administrator of the organisation' | 'AWS support';

export type Finding =
	| { verdict: 'ok'; detail: string }
	| { verdict: 'failed'; detail: string; fix: string; who: Who }
	/** Nothing could be said, which is no failure. */
	| { verdict: 'not-checked'; detail: string };

export interface Check<P> {
	/** Short and stable: scripts look for it. */
	readonly name: string;
	/** `undefined` where it does not concern this configuration. What it throws is explained. */
	readonly run: (patient: P) => Promise<Finding | undefined>;
}

export const ok = (detail: string): Finding => ({ verdict: 'ok', detail });
export const notChecked = (detail: string): Finding => ({ verdict: 'not-checked', detail });
export const failed = (detail: string, fix: string, who: Who = 'you'): Finding => ({ verdict: 'failed', detail, fix, who });

/** Who can do what an error's hint says. Others: you. */
const whoCan: Readonly<Record<string, Who>> = {
	AccessDenied: 'an account administrator',
	AccountNotOpened: 'AWS support',
	LongArnsOff: 'an account administrator',
	PublicAccessBlocked: 'an account administrator',
	QuotaTooLow: 'an account administrator',
	QuotaReached: 'an account administrator',
	RegionNotOptedIn: 'an account administrator',
	ServiceLinkedRole: 'an account administrator',
};

/** An error as a finding: what the endpoint refuses to tell, or does not know, is not checked. */
export function findingOf(error: unknown): Finding {
	const known = error instanceof UserError ? error : explain(error);
	if (!known) return notChecked(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
	const [first = ''] = known.message.split('\n');
	if (!(error instanceof UserError) && ['AccessDenied', 'AwsRefused', 'AwsFailed', 'Throttled'].includes(known.code)) return notChecked(known.code === 'AccessDenied' ? first : `AWS answered ${error instanceof Error ? error.name : ''}`);
	return failed(first, known.hint ?? 'run it again with --verbose', whoCan[known.code] ?? 'you');
}
