import { randomBytes } from 'node:crypto';

/**
 * How a command is run: `terminal` on the session's terminal, as a person has it; `piped` with standard input sent to it
 * and its output through a pipe; `closed` the same without input.
 */
export type CommandMode = 'terminal' | 'piped' | 'closed';

export interface WrappedCommand {
	/** As ecs:ExecuteCommand takes it: words in quotes, no shell. */
	readonly command: string;
	/** What the markers in the output begin with. */
	readonly marker: string;
}

/**
 * The protocol of data channels carries no exit code, and what it carries has been through a terminal. So the command runs
 * inside a script that marks, with what terminals do not show (an application program command, ECMA-48 8.3.2), where its
 * output begins and what it ended with. Input goes as lines of base64: a terminal takes lines of at most 4,095 bytes and
 * reads control characters in them.
 *
 * ECS Exec enters as root, for whom the official image has no Airflow: it is installed for uid 50000 in its home.
 */
const script = [
	'n=$1 u=$2 m=$3; shift 3',
	'mark() { printf "\\033_%s:%s\\033\\134" "$n" "$1"; }',
	'if [ "$u" = airflow ] && [ "$(id -u)" = 0 ] && grep -q "^airflow:[^:]*:50000:" /etc/passwd; then set -- setpriv --reuid=50000 --regid=0 --clear-groups env HOME=/home/airflow "$@"; fi',
	'trap : INT QUIT',
	'if [ "$m" = terminal ]; then mark begin; "$@"; mark $?; exit; fi',
	'if stty -opost -echo 2>/dev/null; then mark raw; else mark begin; fi',
	// Ctrl-C is for the command; what the shell says of its end ("Terminated") is not its output.
	'deaf() { trap "" INT QUIT; exec "$@"; }',
	'own() { trap : INT QUIT; { (exec "$@" 2>&3); mark $?; } 3>&1 2>/dev/null; }',
	'if [ "$m" = piped ]; then deaf base64 -d | own "$@" | deaf cat; exit; fi',
	'own "$@" </dev/null | deaf cat',
].join('\n');

/** @param words empty: a shell */
export function wrapCommand(words: readonly string[], { mode, asRoot }: { readonly mode: CommandMode; readonly asRoot: boolean }): WrappedCommand {
	const marker = randomBytes(8).toString('hex');
	const wanted = words.length > 0 ? words : ['sh', '-c', 'if command -v bash >/dev/null; then exec bash; fi; exec sh'];
	return { command: ['sh', '-c', script, 'airflow-deploy', marker, asRoot ? 'root' : 'airflow', mode, ...wanted].map(quote).join(' '), marker };
}

/** For the agent's splitter (github.com/google/shlex); `{{` would name a parameter to Systems Manager. */
function quote(word: string): string {
	return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`).replaceAll(/\{(?=\{)/g, `{''`)}'`;
}
