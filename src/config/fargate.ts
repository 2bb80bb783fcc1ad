import type { Config } from './settings.ts';

/** Memory that Fargate has for each CPU size, MiB: least, most, step (docs.aws.amazon.com/AmazonECS, "Task CPU and memory"). */
const sizes: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
	512: [1024, 4096, 1024],
	1024: [2048, 8192, 1024],
	2048: [4096, 16384, 1024],
	4096: [8192, 30720, 1024],
	8192: [16384, 61440, 4096],
	16384: [32768, 122880, 8192],
};

function memoryProblem(cpu: number, memory: number): string | undefined {
	if (cpu === 256) return [512, 1024, 2048].includes(memory) ? undefined : 'with 256 CPU units Fargate has 512, 1024 or 2048 MiB';
	const [least, most, step] = sizes[cpu] ?? [0, 0, 1];
	const fits = memory >= least && memory <= most && (memory - least) % step === 0;
	return fits ? undefined : `with ${cpu} CPU units Fargate has ${least} to ${most} MiB in steps of ${step}`;
}

/** CPU and memory pairs that Fargate does not have. */
export function sizeProblems(config: Config): string[] {
	const pairs = [
		['WEBSERVER', config.webserverCpu, config.webserverMemory],
		['SCHEDULER', config.schedulerCpu, config.schedulerMemory],
		['WORKER', config.workerCpu, config.workerMemory],
		['BRANCH', config.branchCpu, config.branchMemory],
	] as const;
	return pairs.flatMap(([name, cpu, memory]) => {
		const problem = memoryProblem(cpu, memory);
		return problem === undefined ? [] : [`AIRFLOW_DEPLOY_${name}_MEMORY: "${memory}": ${problem}`];
	});
}
