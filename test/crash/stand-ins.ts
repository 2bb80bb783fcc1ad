import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerExit, ContainerSpec, RunningContainer, TaskRuntime, TaskSandbox } from '../../src/local/ecs/runtime.ts';
import type { StandIns } from '../../src/local/local-endpoint.ts';
import { bundleReport } from './bundle-report.ts';

/** Health checks and restarts come that much sooner than on ECS. */
const faster = 50;

/** The endpoint as the tool sees it, with nothing behind it that takes time: databases answer and tasks are healthy at once. */
export const standIns: StandIns = {
	runtime: (endpointUrl) => stubRuntime(endpointUrl),
	serve: async () => ({ stop: async () => {}, exited: new Promise(() => {}) }),
	clock: {
		now: () => Date.now(),
		setTimer(milliseconds, callback) {
			const timer = setTimeout(callback, milliseconds / faster).unref();
			return () => clearTimeout(timer);
		},
	},
};

let tasks = 0;

function stubRuntime(endpointUrl: string): TaskRuntime {
	return {
		name: 'stub',
		pull: async () => ({ digest: `sha256:${'0'.repeat(64)}` }),
		async createTask(): Promise<TaskSandbox> {
			tasks += 1;
			return {
				address: `127.1.${(tasks >> 8) & 255}.${tasks & 255}`,
				isAt: () => {},
				start: async (spec) => stubContainer(spec, endpointUrl),
				dispose: async () => {},
			};
		},
	};
}

/** `init` has done its work at once; everything else runs until it is told to end. Of all programs only the report of `dag-sync` is there. */
function stubContainer(spec: ContainerSpec, endpointUrl: string): RunningContainer {
	const ending = new AbortController();
	const exited = new Promise<ContainerExit>((resolve) => {
		const end = (exitCode: number): void => resolve({ exitCode, outOfMemory: false });
		ending.signal.addEventListener('abort', () => end(Number(ending.signal.reason)));
		if (spec.name === 'init') end(0);
	});
	spec.onOutput(`${spec.name} starts`);
	if (spec.name === 'dag-sync') void bundleReport(spec.environment, endpointUrl, ending.signal);
	return {
		exited,
		signal: () => ending.abort(143),
		kill: () => ending.abort(137),
		async exec() {
			await delay(0);
			return { exitCode: 0, output: '' };
		},
		openTerminal: () => Promise.reject(new Error('nothing runs in here')),
		connect: (_host, port) => connect(port, '127.0.0.1'),
	};
}
