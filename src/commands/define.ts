import type { ExitCode } from '../errors.ts';
import type { CommandContext } from './context.ts';

interface Flag {
	readonly kind: 'flag';
	readonly help: string;
	/** One letter, without its dash. */
	readonly short?: string;
}
interface Value {
	readonly kind: 'value';
	/** As shown in the help: `<dir>`. */
	readonly placeholder: string;
	readonly help: string;
	readonly choices?: readonly string[];
}
interface List {
	readonly kind: 'list';
	readonly placeholder: string;
	readonly help: string;
}
export type Options = Readonly<Record<string, Flag | Value | List>>;
export type Given<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Flag ? boolean : O[Name] extends List ? readonly string[] : string | undefined };

/** A word after the command's name. */
interface Positional {
	readonly help: string;
	readonly choices?: readonly string[];
	readonly required?: true;
	/** Takes all words that follow, also those after `--`; only the last one may. */
	readonly variadic?: true;
}
export type Positionals = Readonly<Record<string, Positional>>;
type GivenWord<P extends Positional> = P extends { variadic: true } ? readonly string[] : P extends { required: true } ? string : string | undefined;
type GivenPositionals<P extends Positionals> = string extends keyof P ? object : { readonly [Name in keyof P]: GivenWord<P[Name]> };

export interface Command<O extends Options = Options, P extends Positionals = Positionals> {
	readonly name: string;
	/** Completes "airflow-deploy <name>: …". */
	readonly summary: string;
	/** Long flags of this command only, without dashes. */
	readonly options?: O;
	/** In their order; given to `run` beside the options. */
	readonly positionals?: P;
	/** Starts the local endpoint where it does not run. */
	readonly starts?: true;
	/** The first Ctrl-C waits for what runs; without it a command ends at once. */
	readonly graceful?: true;
	/** Ctrl-C is how it is meant to end: the command is told by its signal, and nothing is said. */
	readonly endless?: true;
	/** The exit code of every failure of our own, where `run` returns somebody else's code. */
	readonly ownFailure?: ExitCode | ((given: Readonly<Record<string, unknown>>) => ExitCode | undefined);
	/** @returns the exit code */
	run(context: CommandContext, given: Given<O> & GivenPositionals<P>): Promise<number>;
}

/** Commands below a common word: `state list`. */
export interface Group {
	readonly name: string;
	readonly summary: string;
	readonly commands: readonly Command[];
}

/** A command is data and a short handler: everything it works with is handed in. */
export function defineCommand<const O extends Options, const P extends Positionals = Positionals>(command: Command<O, P>): Command {
	return command;
}

export function flag(help: string, short?: string): Flag {
	return { kind: 'flag', help, ...(short === undefined ? {} : { short }) };
}

export function value(placeholder: string, help: string, choices?: readonly string[]): Value {
	return { kind: 'value', placeholder, help, ...(choices ? { choices } : {}) };
}

/** An option that can be given several times. */
export function list(placeholder: string, help: string): List {
	return { kind: 'list', placeholder, help };
}
