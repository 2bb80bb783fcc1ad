import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { Exit, UserError } from '../errors.ts';

/**
 * The variables of `.env` in a directory; none where there is no such file.
 * @throws UserError for a line that is neither a comment nor NAME=value (util.parseEnv passes over it in silence)
 */
export async function readDotenv(directory: string): Promise<Record<string, string>> {
	const text = await readFile(join(directory, '.env'), 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '';
		throw new UserError('UnreadableDotenv', `.env cannot be read: ${error.message}`, { hint: 'ls -l .env', exit: Exit.usage });
	});
	const line = malformedLine(text);
	if (line !== undefined) throw malformed(line, text);
	return parseEnv(text) as Record<string, string>;
}

function malformed(line: number, text: string): UserError {
	const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)/.exec(text.split('\n')[line - 1] ?? '')?.[1];
	// The line itself may hold a secret: only its name is shown.
	return new UserError('MalformedDotenv', `.env line ${line} is malformed${name === undefined ? '' : ` (${name} …)`}: a line is NAME=value, a comment, or empty; quotes must be closed`, {
		hint: `edit line ${line} of .env`,
		exit: Exit.usage,
	});
}

/** Number of the first malformed line, from 1. A quoted value may span lines. */
function malformedLine(text: string): number | undefined {
	const lines = text.split(/\r?\n/);
	for (let index = 0; index < lines.length; index += 1) {
		const line = (lines[index] ?? '').trim();
		if (line === '' || line.startsWith('#')) continue;
		const [, value] = /^(?:export\s+)?[A-Za-z_]\w*\s*=\s*(.*)$/.exec(line) ?? [];
		if (value === undefined) return index + 1;
		const quote = /^(["'`])/.exec(value)?.[1];
		if (quote === undefined || value.indexOf(quote, 1) > 0) continue;
		const last = lines.findIndex((later, at) => at > index && later.includes(quote));
		if (last < 0) return index + 1;
		index = last;
	}
	return undefined;
}
