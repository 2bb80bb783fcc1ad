import { readdirSync, readFileSync } from 'node:fs';

/** MiB. On Fargate the task's limit is there always, a container's where its definition has one. */
interface MemoryLimits {
	readonly task: number | undefined;
	readonly container: number | undefined;
}

export interface WatchedContainer {
	/** Process id of its supervisor: what is below counts. */
	readonly supervisor: number;
	readonly taskId: string;
	readonly limits: MemoryLimits;
	/** One of its processes was killed. */
	readonly onKill: () => void;
}

const lookMilliseconds = 1000;
const kibPerMib = 1024;

/**
 * Kills the largest process of a container, or of a task, that holds more memory than its limit, as the kernel does on
 * Fargate; but it looks once a second. Needs no rights, no cgroups.
 */
export class MemoryWatch {
	readonly #containers = new Set<WatchedContainer>();
	#timer: NodeJS.Timeout | undefined;

	/** @returns what ends the watching */
	add(container: WatchedContainer): () => void {
		this.#containers.add(container);
		this.#timer ??= setInterval(() => this.#look(), lookMilliseconds).unref();
		return () => {
			this.#containers.delete(container);
			if (this.#containers.size > 0) return;
			clearInterval(this.#timer);
			this.#timer = undefined;
		};
	}

	#look(): void {
		const children = processTree();
		const all = [...this.#containers].map((container) => ({ container, pids: below(container.supervisor, children) }));
		for (const one of all) enforce([one], one.container.limits.container);
		for (const taskId of new Set(all.map(({ container }) => container.taskId))) {
			const task = all.filter(({ container }) => container.taskId === taskId);
			enforce(task, task[0]?.container.limits.task);
		}
	}
}

interface Measured {
	readonly container: WatchedContainer;
	readonly pids: readonly number[];
}

/** Shared pages count in each process's RSS, so only where that is too much the exact measure is taken, which costs more. */
function enforce(measured: readonly Measured[], limit: number | undefined): void {
	const processes = measured.flatMap(({ container, pids }) => pids.map((pid) => ({ container, pid })));
	if (limit === undefined || total(processes, ({ pid }) => kib(pid, 'status', 'VmRSS')) <= limit * kibPerMib) return;
	const sized = processes.map((process) => ({ ...process, size: kib(process.pid, 'smaps_rollup', 'Pss') }));
	if (total(sized, ({ size }) => size) <= limit * kibPerMib) return;
	const [largest] = sized.toSorted((a, b) => b.size - a.size);
	if (largest) kill(largest);
}

function kill({ pid, container }: { pid: number; container: WatchedContainer }): void {
	try {
		process.kill(pid, 'SIGKILL');
		container.onKill();
	} catch {
		// It has just ended by itself.
	}
}

const total = <T>(of: readonly T[], size: (one: T) => number): number => of.reduce((sum, one) => sum + size(one), 0);

function below(pid: number, children: ReadonlyMap<number, readonly number[]>): number[] {
	return (children.get(pid) ?? []).flatMap((child) => [child, ...below(child, children)]);
}

/** Child processes by parent, of the whole machine. */
function processTree(): Map<number, number[]> {
	const children = new Map<number, number[]>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const parent = Number(read(`/proc/${name}/stat`).split(') ').at(-1)?.split(' ')[1]);
		children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
	}
	return children;
}

/** A line of proc(5): `VmRSS:    1234 kB`. 0 where the process has ended. */
function kib(pid: number, file: string, name: string): number {
	return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/${file}`))?.[1] ?? 0);
}

function read(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
