import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { descendants, median, peakMegabytes } from './measure.ts';
import { cli, type Ran } from './program.ts';
import { Workbench } from './workbench.ts';

/** One line of the table. */
export interface Figure {
	readonly name: string;
	readonly measured: string;
	readonly target: string;
	/** What gives it. */
	readonly command: string;
}

const repetitions = 10;
const readOnly = / (Describe|Get|List|Head|Simulate|Filter|Lookup|BatchGet)\w*$/;

export async function coldUp(): Promise<Figure[]> {
	const cache = await mkdtemp(join(tmpdir(), 'airflow-deploy-bench-cache-'));
	const bench = await Workbench.make(cache);
	try {
		const { seconds } = await bench.run('up', '--local', '--yes');
		return [{ name: 'up, nothing cached (downloads)', measured: inSeconds(seconds), target: '≤ 150 s', command: 'XDG_CACHE_HOME=$(mktemp -d) airflow-deploy up --local --yes' }];
	} finally {
		await bench.dispose();
		await rm(cache, { recursive: true, force: true });
	}
}

/** A first `up`. Where it had to install something it is taken down and measured again. */
export async function cachedUp(bench: Workbench): Promise<Figure[]> {
	const before = await bench.installed();
	let ran = await bench.run('up', '--local', '--yes');
	if (!isDeepStrictEqual(before, await bench.installed())) {
		await bench.run('teardown', '--local', '--yes');
		ran = await bench.run('up', '--local', '--yes');
	}
	return [
		{ name: 'up, environments cached', measured: inSeconds(ran.seconds), target: '≤ 60 s', command: 'airflow-deploy up --local --yes' },
		{ name: 'memory of the CLI during up', measured: inMegabytes(ran.peakMegabytes), target: '≤ 150 MB', command: 'VmHWM of that process' },
	];
}

export async function secondUp(bench: Workbench): Promise<Figure[]> {
	const { seconds } = await bench.run('up', '--local', '--yes');
	const { stderr } = await bench.run('up', '--local', '--yes', '--verbose');
	const calls = [...stderr.matchAll(/call (\w+ \w+)/g)].map(([, call = '']) => call);
	const mutating = calls.filter((call) => !readOnly.test(call));
	return [
		{ name: 'up again, no change', measured: inSeconds(seconds), target: '≤ 5 s', command: 'airflow-deploy up --local --yes' },
		{ name: 'mutating calls of it', measured: `${mutating.length} of ${calls.length}`, target: '0', command: 'airflow-deploy up --local --yes --verbose' },
	];
}

export async function changedDag(bench: Workbench): Promise<Figure[]> {
	await appendFile(join(bench.directory, 'airflow', 'dags', 'tutorial.py'), '\n# changed\n');
	const { seconds } = await bench.run('upload', '--local', '--yes');
	return [{ name: 'changed DAG: upload to parsed', measured: inSeconds(seconds), target: '≤ 15 s', command: 'airflow-deploy upload --local' }];
}

/** Runs take turns, so that what else the machine does falls on all of them. */
export async function ratios(bench: Workbench): Promise<Figure[]> {
	const [node, help, status]: [number[], number[], number[]] = [[], [], []];
	for (let round = 0; round < repetitions; round++) {
		node.push((await bench.node('-e', '0')).seconds);
		help.push((await bench.node(cli, '--help')).seconds);
		status.push((await bench.node(cli, 'status', '--local')).seconds);
	}
	const compared = (values: readonly number[]): string => `${(median(values) / median(node)).toFixed(2)} (${inSeconds(median(values))} ÷ ${inSeconds(median(node))})`;
	return [
		{ name: `--help ÷ node -e 0, medians of ${repetitions}`, measured: compared(help), target: '≤ 1.5', command: 'airflow-deploy --help' },
		{ name: `status ÷ node -e 0, medians of ${repetitions}`, measured: compared(status), target: '≤ 5', command: 'airflow-deploy status --local' },
	];
}

export async function seeingInside(bench: Workbench): Promise<Figure[]> {
	const first = async (...args: string[]): Promise<string> => {
		const runs: Ran[] = [];
		for (let round = 0; round < 3; round++) runs.push(await bench.run(...args));
		return inSeconds(median(runs.map(({ firstByteSeconds }) => firstByteSeconds)));
	};
	const validated = await bench.run('validate', '--local');
	return [
		{ name: 'validate in a browser', measured: inSeconds(validated.seconds), target: '≤ 60 s', command: 'airflow-deploy validate --local' },
		{ name: 'logs: first line, median of 3', measured: await first('logs', '--local'), target: '≤ 1 s', command: 'airflow-deploy logs --local' },
		{ name: 'exec: first byte, median of 3', measured: await first('exec', '--local', 'webserver', '--', 'echo', 'ready'), target: '≤ 1.5 s', command: 'airflow-deploy exec --local webserver -- echo ready' },
	];
}

/** The most that each has held since it started: near the end of a run this says most. */
export async function memory(bench: Workbench): Promise<Figure[]> {
	const endpoint = await bench.endpointPid();
	// moto and the supervisor that starts it: both have its command line.
	const moto = await Promise.all((await descendants(endpoint, /moto_server\.py/)).map(peakMegabytes));
	return [
		{ name: 'memory of the endpoint', measured: inMegabytes(await peakMegabytes(endpoint)), target: '≤ 120 MB', command: 'VmHWM of its process' },
		{ name: 'memory of moto', measured: inMegabytes(Math.max(...moto.map((peak = 0) => peak))), target: 'stated', command: 'VmHWM of its process' },
	];
}

export async function teardown(bench: Workbench): Promise<Figure[]> {
	const { seconds } = await bench.run('teardown', '--local', '--yes');
	return [{ name: 'teardown', measured: inSeconds(seconds), target: '≤ 20 s', command: 'airflow-deploy teardown --local --yes' }];
}

function inSeconds(seconds: number): string {
	return seconds < 10 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(0)} s`;
}

function inMegabytes(megabytes: number | undefined): string {
	return megabytes === undefined || !Number.isFinite(megabytes) ? 'not found' : `${megabytes.toFixed(0)} MB`;
}
