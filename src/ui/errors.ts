import { createHash } from 'node:crypto';
import { Exit, UserError } from '../errors.ts';
import type { Style } from './render/style.ts';

/** Something thrown that nobody explained is our defect: a UserError that says so, with a reference that is the same for the same place. */
export function defect(error: unknown): UserError {
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	const places = stack.split('\n').slice(0, 4).join('\n').replaceAll(/\(?file:.*\/|\(?\/.*\//g, '');
	const reference = createHash('sha256').update(places).digest('hex').slice(0, 8);
	const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	return new UserError('Defect', `a defect of airflow-deploy (reference ${reference}): ${message}`, {
		hint: 'run it again with --verbose and report the stack with the reference; the state file is complete',
		exit: Exit.failed,
		cause: error,
	});
}

/** The causes below an error, outermost first, each with its name; with stacks for `--verbose`. */
function causes(error: Error): string[] {
	const lines: string[] = [];
	for (let cause = error.cause; cause !== undefined && lines.length < 8; cause = cause instanceof Error ? cause.cause : undefined) {
		lines.push(cause instanceof Error ? (cause.stack ?? `${cause.name}: ${cause.message}`) : JSON.stringify(cause));
	}
	return lines;
}

export function renderError(error: UserError, { colour }: Pick<Style, 'colour'>, verbose: boolean): string {
	const lines = [`${colour.red('error:')} ${error.message}`];
	if (error.hint !== undefined) lines.push(`${colour.cyan('hint:')}  ${error.hint}`);
	if (verbose) lines.push(...causes(error).map((cause) => colour.dim(`cause: ${cause}`)));
	return lines.join('\n');
}

/** The document that stands on stdout when a command with --json fails. */
export function errorDocument(error: UserError): { error: { code: string; message: string; hint: string | null; cause: string | null } } {
	const { cause } = error;
	const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : cause === undefined ? null : JSON.stringify(cause);
	return { error: { code: error.code, message: error.message, hint: error.hint ?? null, cause: text } };
}
