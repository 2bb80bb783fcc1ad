import type { Readable } from 'node:stream';

/** Where a command reads and writes: the process's own streams, or a test's. */
export interface Io {
	readonly stdout: Output;
	readonly stderr: Output;
	readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** NO_COLOR (no-color.org) and FORCE_COLOR win over what the stream is. */
export function hasColours(stream: Output, env: NodeJS.ProcessEnv): boolean {
	if (env['NO_COLOR']) return false;
	if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
	return stream.isTTY === true && env['TERM'] !== 'dumb';
}
