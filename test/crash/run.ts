import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/package.ts';
import { climates } from './climate.ts';
import { planOf } from './plan.ts';
import type { Recording } from './recording.ts';
import { summary, writeFigures } from './report.ts';
import { hasFailed, type Result, type Scenario } from './scenario.ts';
import { describeStrike } from './strike.ts';
import type { Order, Report } from './worker.ts';

/**
 * `npm run test:crash -- [--seed N] [--workers N] [--only REGEXP] [--progress FILE] [--write]`: the whole crash matrix. An interrupted run goes on with the same
 * seed and progress file, and plays again what failed. `--write` puts the figures into docs/reliability.md.
 */
const { values } = parseArgs({
	options: {
		seed: { type: 'string', default: '1' },
		// Most of a scenario is waiting.
		workers: { type: 'string', default: String(availableParallelism() * 3) },
		only: { type: 'string', default: '' },
		progress: { type: 'string' },
		write: { type: 'boolean', default: false },
	},
});
const seed = Number(values.seed);
const progress = values.progress ?? join(tmpdir(), `airflow-deploy-crash-${seed}.jsonl`);

class Worker {
	readonly #process: ChildProcess;
	readonly #died: Promise<never>;

	constructor(program: string) {
		this.#process = fork(join(import.meta.dirname, 'worker.ts'), [program], { execArgv: ['--import', 'tsx'], env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' } });
		this.#died = once(this.#process, 'exit').then(([code]) => Promise.reject(new Error(`a worker ended with ${String(code)}`)));
		this.#died.catch(() => {});
	}

	/** Rejects where the worker ends instead. */
	async answer(order?: Order): Promise<Report> {
		const answered = once(this.#process, 'message') as Promise<[Report]>;
		if (order) this.#process.send(order);
		const [report] = await Promise.race([answered, this.#died]);
		return report;
	}

	async end(): Promise<void> {
		if (this.#process.exitCode !== null) return;
		const ended = once(this.#process, 'exit');
		this.#process.disconnect();
		await ended;
	}
}

/** The first line is what was recorded: with it and the seed the plan is the same. */
function readProgress(): { recording: Recording | undefined; results: Result[] } {
	if (!existsSync(progress)) return { recording: undefined, results: [] };
	const [first, ...rest] = readFileSync(progress, 'utf8').split('\n').filter((line) => line !== '');
	return { recording: JSON.parse(first ?? 'null') as Recording, results: rest.map((line) => JSON.parse(line) as Result) };
}

async function recorded(worker: Worker): Promise<Recording> {
	const report = await worker.answer({ record: true });
	if (!('recorded' in report)) throw new Error('nothing was recorded');
	writeFileSync(progress, `${JSON.stringify(report.recorded)}\n`);
	return report.recorded;
}

async function work(worker: Worker, queue: Scenario[], results: Result[], total: number): Promise<void> {
	for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
		const report = await worker.answer({ play: scenario });
		if (!('played' in report)) continue;
		results.push(report.played);
		appendFileSync(progress, `${JSON.stringify(report.played)}\n`);
		process.stdout.write(line(report.played, scenario, `${results.length}/${total}`));
	}
}

function line({ id, seconds, failures, leftovers, duplicates, gaveUp, unmet }: Result, { acts }: Scenario, count: string): string {
	const wrong = [...failures, ...leftovers.map((what) => `left: ${what}`), ...duplicates.map((what) => `twice: ${what}`)];
	const notes = [...gaveUp.map((text) => `gave up: ${text}`), ...unmet.map((strike) => `never came: ${describeStrike(strike)}`)];
	const struck = wrong.length + notes.length === 0 ? [] : acts.map(({ command, strikes = [] }) => [command, ...strikes.map(describeStrike)].join(', '));
	return [`${count} ${id}: ${wrong.length === 0 ? 'ok' : 'FAILED'}, ${seconds} s`, ...struck, ...wrong.map((text) => `! ${text}`), ...notes].join('\n  ') + '\n';
}

const began = performance.now();
// A copy, so that a build meanwhile takes nothing away.
const program = mkdtempSync(join(tmpdir(), 'airflow-deploy-program-'));
for (const part of ['bin', 'dist', 'airflow', 'templates', 'package.json']) cpSync(join(packageRoot, part), join(program, part), { recursive: true });
const workers = Array.from({ length: Number(values.workers) }, () => new Worker(program));
try {
	await Promise.all(workers.map((worker) => worker.answer()));
	const known = readProgress();
	const [first] = workers;
	if (!first) throw new Error('no workers');
	const recording = known.recording ?? (await recorded(first));
	const wanted = new RegExp(values.only);
	const weathers = climates.map(({ name }): Scenario => ({ id: name, acts: [], climate: name }));
	const plan = [...weathers, ...planOf(recording, seed)].filter(({ id }) => wanted.test(id));
	const results = known.results.filter((result) => !hasFailed(result) && plan.some(({ id }) => id === result.id));
	const queue = plan.filter(({ id }) => !results.some((result) => result.id === id));
	process.stdout.write(`${plan.length} scenarios, ${queue.length} of them to play; seed ${seed}, progress in ${progress}\n`);
	await Promise.all(workers.map((worker) => worker.answer({ references: recording })));
	await Promise.all(workers.map((worker) => work(worker, queue, results, plan.length)));
	const figures = summary({ plan, results, recording, seed });
	process.stdout.write(`\n${figures}\n\n${((performance.now() - began) / 60_000).toFixed(1)} minutes\n`);
	if (values.write) await writeFigures(figures);
	process.exitCode = results.some(hasFailed) ? 1 : 0;
} finally {
	await Promise.all(workers.map((worker) => worker.end()));
	rmSync(program, { recursive: true, force: true });
}
