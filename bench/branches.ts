import { readFile, readlink } from 'node:fs/promises';
import type { StatusDocument, UpDocument } from '../src/environment/documents.ts';
import type { Figure } from './figures.ts';
import { descendants, proportionalMegabytes } from './measure.ts';
import type { Workbench } from './workbench.ts';

const names = ['branch-1', 'branch-2', 'branch-3', 'branch-4', 'branch-5'];

/** Five branches on one machine, beside what stands: the first by itself, the others at once. */
export async function branches(bench: Workbench): Promise<Figure[]> {
	const [first = '', ...others] = names;
	const made = await bench.run('branch', 'create', first, '--local', '--yes', '--verbose');
	const calls = [...made.stderr.matchAll(/^call \w+ \w+$/gm)];
	const began = performance.now();
	const documents = await Promise.all(others.map(async (name) => JSON.parse((await bench.run('branch', 'create', name, '--local', '--yes', '--json')).stdout) as UpDocument));
	const together = (performance.now() - began) / 1000;
	const phases = documents.map(({ phase }) => phase);
	const memory = await Promise.all(names.map((name) => memoryOf(bench, name)));
	const removed = await bench.run('branch', 'delete', first, '--local', '--yes');
	await bench.run('branch', 'delete', '--all', '--local', '--yes');
	return [
		{ name: 'branch create, shared stack up', measured: inSeconds(made.seconds), target: '≤ 30 s', command: `airflow-deploy branch create ${first} --local` },
		{ name: 'calls to AWS of it', measured: String(calls.length), target: '≤ 60', command: `airflow-deploy branch create ${first} --local --verbose` },
		{ name: 'four more at once', measured: `${phases.filter((phase) => phase === 'up').length} up, ${inSeconds(together)}`, target: '4 up', command: `airflow-deploy branch create <name> --local, four times at the same moment` },
		{ name: 'memory of each of the five', measured: `${memory.map((megabytes) => Math.round(megabytes)).join(', ')} MB`, target: 'stated', command: 'Pss in /proc/<pid>/smaps_rollup, of all processes of its task' },
		{ name: 'branch delete', measured: inSeconds(removed.seconds), target: '≤ 15 s', command: `airflow-deploy branch delete ${first} --local` },
	];
}

/** MB that the processes of a branch's task hold, what they share with others divided among them. */
async function memoryOf(bench: Workbench, name: string): Promise<number> {
	const { services } = JSON.parse((await bench.run('status', '--local', '--env', name, '--json')).stdout) as StatusDocument;
	const task = services[0]?.tasks[0]?.id ?? 'none';
	const all = await descendants(await bench.endpointPid(), /./);
	const own = await Promise.all(all.map(async (pid) => ((await belongsTo(pid, task)) ? proportionalMegabytes(pid) : 0)));
	return own.reduce((sum, megabytes) => sum + megabytes, 0);
}

/** A process of a container has its task's directory in its environment, or works in it. */
async function belongsTo(pid: number, task: string): Promise<boolean> {
	const texts = await Promise.all([readFile(`/proc/${pid}/environ`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8'), readlink(`/proc/${pid}/cwd`)].map(async (text) => text.catch(() => '')));
	return texts.some((text) => text.includes(task));
}

function inSeconds(seconds: number): string {
	return `${seconds.toFixed(1)} s`;
}
