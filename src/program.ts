import { Argument, Command as Program, CommanderError, Option } from 'commander';
import { commands } from './commands/all.ts';
import type { Command, Given, Group, Options } from './commands/define.ts';
import type { GlobalFlags } from './commands/session.ts';
import { Exit, UserError } from './errors.ts';
import { version } from './package.ts';

/** A command as it was asked for. */
export interface Invocation {
	readonly command: Command;
	/** Its words: `state list`. */
	readonly path: string;
	readonly flags: GlobalFlags;
	readonly given: Given<Options>;
}

/**
 * Reads the command line. Undefined where help or the version was asked for, and has been written.
 * @throws UserError with exit 2 for an unknown command or flag, naming the nearest
 */
export function parse(argv: readonly string[], write: (text: string) => void): Invocation | undefined {
	let invocation: Invocation | undefined;
	const program = globalProgram(write);
	const add = (parent: Program, item: Command | Group, path: string): void => {
		const child = prepare(parent.command(item.name).summary(item.summary).description(capital(item.summary)), write);
		if ('commands' in item) for (const inner of item.commands) add(child, inner, `${path} ${inner.name}`);
		else withWords(withOptions(child, item), item).action((...values: unknown[]) => void (invocation = { command: item, path, flags: program.opts(), given: complete(item, values) }));
	};
	for (const item of commands) add(program, item, item.name);
	try {
		program.parse(argv, { from: 'user' });
		return invocation;
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return undefined;
		throw usageError(error, program);
	}
}

function globalProgram(write: (text: string) => void): Program {
	return prepare(new Program('airflow-deploy'), write)
		.description('Deploys Apache Airflow on AWS ECS Fargate with one command, and takes it away with one command.')
		.version(version, '-V, --version', 'print the version')
		.addOption(new Option('--target <target>', 'where to deploy').choices(['aws', 'local']))
		.addOption(new Option('--local', 'short for --target local').conflicts('target'))
		.option('--env <name>', 'the environment (default: main)')
		.option('--region <region>', 'the AWS region')
		.option('--profile <name>', 'a profile of your AWS configuration')
		.option('--json', 'print exactly one JSON document')
		.option('--yes', 'ask nothing')
		.option('--verbose', 'show calls, and causes of errors');
}

function prepare(program: Program, write: (text: string) => void): Program {
	return program
		.exitOverride()
		.configureHelp({ showGlobalOptions: true, helpWidth: 80, subcommandTerm: (command) => command.name() })
		.configureOutput({ writeOut: write, writeErr: () => {} })
		.helpOption('-h, --help', 'print this help')
		.helpCommand(false);
}

function withOptions(program: Program, { options = {} }: Command): Program {
	for (const [name, option] of Object.entries(options)) {
		const made = new Option(option.kind === 'flag' ? `${option.short === undefined ? '' : `-${option.short}, `}--${name}` : `--${name} ${option.placeholder}`, option.help);
		if (option.kind === 'list') made.argParser<readonly string[] | undefined>((one, before) => [...(before ?? []), one]);
		program.addOption(option.kind === 'value' && option.choices ? made.choices(option.choices) : made);
	}
	return program;
}

function withWords(program: Program, { positionals = {} }: Command): Program {
	for (const [name, { help, choices, required, variadic }] of Object.entries(positionals)) {
		const word = `${name}${variadic ? '...' : ''}`;
		const made = new Argument(required ? `<${word}>` : `[${word}]`, help);
		program.addArgument(choices ? made.choices(choices) : made);
	}
	return program;
}

const absent = { flag: false, value: undefined, list: [] };
type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Flags that were not given are false. @param values the words in their order, then the options */
function complete({ options = {}, positionals = {} }: Command, values: readonly unknown[]): Invocation['given'] {
	const words = Object.keys(positionals).map((name, index) => [name, values[index]]);
	const flags = values[words.length] as Flags;
	const given = Object.entries(options).map(([name, { kind }]) => [name, asGiven(name, flags) ?? absent[kind]]);
	return Object.fromEntries([...given, ...words]) as Invocation['given'];
}

/** commander names an option in camel case, and makes `browser: false` of `--no-browser`. */
function asGiven(name: string, flags: Flags): Flags[string] {
	const camel = (text: string): string => text.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
	return name.startsWith('no-') ? flags[camel(name.slice(3))] === false : flags[camel(name)];
}

const codes: Readonly<Record<string, string>> = {
	'commander.unknownCommand': 'UnknownCommand',
	'commander.unknownOption': 'UnknownFlag',
	'commander.help': 'NoCommand',
};

function usageError({ code, message }: CommanderError, program: Program): UserError {
	const [first = '', suggestion] = message.split('\n');
	if (code === 'commander.help') return new UserError('NoCommand', `no command was given: there are ${names(program)}`, { hint: 'airflow-deploy --help', exit: Exit.usage });
	const meant = /Did you mean (?:one of )?(.*)\?/.exec(suggestion ?? '')?.[1];
	return new UserError(codes[code] ?? 'InvalidUsage', first.replace(/^error: /, ''), {
		hint: meant === undefined ? helpFor(code, program) : `did you mean ${meant}?`,
		exit: Exit.usage,
	});
}

/** A command that takes another's words takes its flags after `--`. */
function helpFor(code: string, program: Program): string {
	const command = program.commands.find((each) => each.name() === program.args[0]);
	const words = command?.registeredArguments ?? [];
	if (code !== 'commander.unknownOption' || words.at(-1)?.variadic !== true) return 'airflow-deploy --help';
	return ['airflow-deploy', command?.name(), ...words.map((word) => (word.variadic ? `-- ${word.name()} …` : `<${word.name()}>`))].join(' ');
}

/** The words that could have come next. */
function names(program: Program): string {
	const group = program.commands.find((command) => command.commands.length > 0 && program.args[0] === command.name());
	return (group ?? program).commands.map((command) => command.name()).join(', ');
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
