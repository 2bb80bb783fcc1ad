import { readdir, readFile } from 'node:fs/promises';

/** The middle one; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const half = sorted.length / 2;
	const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
	return (low + high) / 2;
}

/** The most memory that a process has held so far, in MB (proc(5), VmHWM); undefined where it has ended. */
export async function peakMegabytes(pid: number): Promise<number | undefined> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
	return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
}

/** The memory of a process in MB, what it shares divided among all that share it (proc(5), smaps_rollup); 0 where it has ended. */
export async function proportionalMegabytes(pid: number): Promise<number> {
	const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
	return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1000;
}

/** Processes below `ancestor`, at any depth, whose command line matches. */
export async function descendants(ancestor: number, commandLine: RegExp): Promise<number[]> {
	const parents = new Map<number, number>();
	for (const name of await readdir('/proc')) {
		const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
		// The second field is the program's name in parentheses, which may hold anything.
		const parent = /^\S+ \(.*\) \S+ (\d+) /s.exec(stat)?.[1];
		if (parent !== undefined) parents.set(Number(name), Number(parent));
	}
	const below = [...parents.keys()].filter((pid) => isBelow(parents, pid, ancestor));
	const lines = await Promise.all(below.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
	return below.filter((_, index) => commandLine.test(lines[index] ?? ''));
}

function isBelow(parents: ReadonlyMap<number, number>, pid: number, ancestor: number): boolean {
	for (let above = parents.get(pid); above !== undefined && above > 1; above = parents.get(above)) if (above === ancestor) return true;
	return false;
}
