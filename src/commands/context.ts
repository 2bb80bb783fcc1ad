import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import type { Region } from '../config/region.ts';
import type { BranchWishes, Environment } from '../environment/environment.ts';
import type { LendSignals } from '../interrupts.ts';
import type { Io } from '../ui/io.ts';
import type { Ui } from '../ui/ui.ts';
import type { LocalEndpoint, RuntimeName } from './local-endpoint.ts';

/** What a command itself says about the environment. */
interface EnvironmentChoice {
	readonly name?: string;
	/** Folder of the code, instead of the configured one. */
	readonly source?: string;
	readonly branch?: BranchWishes;
	readonly executor?: 'local' | 'ecs';
}

export interface ConnectionWishes {
	/** What is to run tasks on the local target. */
	readonly runtime?: RuntimeName;
}

/** All that a command works with. */
export interface CommandContext {
	readonly config: Config;
	readonly region: Region;
	/** The process's environment over `.env`. */
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
	/** For a program that runs in our place. */
	readonly lendSignals: LendSignals;
	readonly ui: Ui;
	/** For commands that pass bytes on; all others speak through `ui`. */
	readonly io: Io;
	readonly json: boolean;
	/** Whether more is asked for than most want to see. */
	readonly verbose: boolean;
	/** What makes another command be about the same environment: ` --local --env x`, or empty. */
	readonly flags: string;
	/** The endpoint on this machine that belongs to the working directory. */
	readonly local: LocalEndpoint;
	/** Who we are, and clients. @throws UserError without credentials, or `NothingUp` where the local endpoint does not run */
	readonly connect: (how?: ConnectionWishes) => Promise<Aws>;
	/** As `connect`, but undefined where the local endpoint does not run: then nothing is up. */
	readonly connectIfUp: () => Promise<Aws | undefined>;
	/** The configured environment, or another one, on the account that `aws` reaches. */
	readonly environment: (aws: Aws, about?: EnvironmentChoice) => Promise<Environment>;
}
