import type { ExitCode } from '../errors.ts';
import type { CommandContext } from './context.ts';

interface Flag {
	readonly kind: 'flag';
	readonly help: string;
}
interface Value {
	readonly kind: 'value';
	/** As shown in the help: `<dir>`. */
	readonly placeholder: string;
	readonly help: string;
	readonly choices?: readonly string[];
}
export type Options = Readonly<Record<string, Flag | Value>>;
export type Given<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Flag ? boolean : string | undefined };

export interface Command<O extends Options = Options> {
	readonly name: string;
	/** Completes "airflow-deploy <name>: …". */
	readonly summary: string;
	/** Long flags of this command only, without dashes. */
	readonly options?: O;
	/** Starts the local endpoint where it does not run. */
	readonly starts?: true;
	/** The first Ctrl-C waits for what runs; without it a command ends at once. */
	readonly graceful?: true;
	run(context: CommandContext, options: Given<O>): Promise<ExitCode>;
}

/** Commands below a common word: `state list`. */
export interface Group {
	readonly name: string;
	readonly summary: string;
	readonly commands: readonly Command[];
}

/** A command is data and a short handler: everything it works with is handed in. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
	return command;
}

export function flag(help: string): Flag {
	return { kind: 'flag', help };
}

export function value(placeholder: string, help: string, choices?: readonly string[]): Value {
	return { kind: 'value', placeholder, help, ...(choices ? { choices } : {}) };
}
