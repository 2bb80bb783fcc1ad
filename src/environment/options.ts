import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import type { Event } from '../engine/events.ts';
import type { Executor } from '../stacks/inputs.ts';

/** What a command says about a branch. */
export interface BranchWishes {
	/** Undefined: as it is. */
	readonly gitBranch?: string | null;
	/** Whether its name was given, and not made from that of the git branch. */
	readonly named: boolean;
	readonly mysql?: boolean;
	readonly ephemeral?: boolean;
	/** When it ends, ISO 8601; null: never. */
	readonly expiresAt?: string | null;
}

/** What every operation on an environment works with; handed in by the command. */
export interface Options {
	readonly config: Config;
	readonly aws: Aws;
	readonly target: 'aws' | 'local';
	/** The working directory: it holds the state. */
	readonly cwd: string;
	readonly env: NodeJS.ProcessEnv;
	/** The verb, for the lock: `up`, `teardown` … */
	readonly command: string;
	/** Aborted by the first Ctrl-C. */
	readonly signal: AbortSignal;
	readonly observe: (event: Event) => void;
	/** Says something beside the steps, e.g. who holds a lock that is waited for. */
	readonly warn: (line: string) => void;
	/** What stands is looked for: the page's name is what the anchor says, whatever is configured. */
	readonly asRecorded?: true;
	/** What is asked of a branch: what is not given stays as it is recorded. Absent: what is recorded counts. */
	readonly branch?: BranchWishes | undefined;
	/** What a flag says; absent: as configured, else as recorded. */
	readonly executor?: Executor | undefined;
	/** A moment ago it had neither an anchor nor a record: its anchor is not read again before it is written, on condition that there is none. */
	readonly isNew?: boolean;
	readonly confirmRecreate?: (keys: readonly string[]) => Promise<boolean>;
}
