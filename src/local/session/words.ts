/**
 * Splits a command as the agent in a container does, which runs no shell: blanks separate, single quotes keep everything,
 * double quotes all but `\`, `#` begins a comment (github.com/google/shlex, `Split`).
 * @throws Error where a quote is not closed
 */
export function splitWords(command: string): string[] {
	const words: string[] = [];
	const token = /[ \t\r\n]+|(#[^\n]*)|((?:'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^ \t\r\n'"\\])+)/y;
	while (token.lastIndex < command.length) {
		const at = token.lastIndex;
		const found = token.exec(command);
		if (found === null) throw new Error(`EOF found when expecting closing quote, from ${JSON.stringify(command.slice(at, at + 20))}`);
		if (found[2] !== undefined) words.push(unquote(found[2]));
	}
	return words;
}

function unquote(word: string): string {
	return word.replaceAll(/'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])/g, (_, single?: string, double?: string, escaped?: string) => single ?? double?.replaceAll(/\\([\s\S])/g, '$1') ?? escaped ?? '');
}
