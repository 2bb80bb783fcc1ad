import { iamArn } from './arns.ts';
import type { Context, Operation } from './context.ts';
import { credentialsAnswer } from './credentials.ts';
import type { Answer, Caller, Ecs, EcsDependencies } from './dependencies.ts';
import { EcsError, errorAnswer } from './errors.ts';
import { metadataAnswer } from './metadata.ts';
import { accountOperations } from './operations/account.ts';
import { clusterOperations } from './operations/clusters.ts';
import { serviceDeploymentOperations } from './operations/service-deployments.ts';
import { serviceOperations } from './operations/services.ts';
import { tagOperations } from './operations/tags.ts';
import { taskDefinitionOperations } from './operations/task-definitions.ts';
import { taskOperations } from './operations/tasks.ts';
import { Scheduler } from './scheduler.ts';
import { emptyRegion, type RegionState } from './state.ts';
import type { Task } from './task.ts';

const operations: ReadonlyMap<string, Operation> = new Map(
	Object.entries({
		...clusterOperations,
		...taskDefinitionOperations,
		...taskOperations,
		...serviceOperations,
		...serviceDeploymentOperations,
		...tagOperations,
		...accountOperations,
	}),
);

/** Names of the operations that are answered, as in X-Amz-Target. */
export const operationNames: readonly string[] = [...operations.keys()];

interface Region {
	readonly state: RegionState;
	readonly scheduler: Scheduler;
}

/** Amazon ECS on Fargate for one account: state per region, in memory. */
export function createEcs(deps: EcsDependencies): Ecs {
	const regions = new Map<string, Region>();
	let stopping = false;

	const regionNamed = (name: string): Region => {
		const present = regions.get(name);
		if (present !== undefined) return present;
		const state = emptyRegion(name);
		const made = { state, scheduler: new Scheduler(deps, state) };
		regions.set(name, made);
		return made;
	};
	const tasks = (): Task[] => [...regions.values()].flatMap(({ state }) => [...state.tasks.values()]);
	const closeAll = async () => {
		await Promise.all([...regions.values()].map(({ scheduler }) => scheduler.close()));
		regions.clear();
	};

	return {
		handle: async (operation, input, caller = {}) => {
			if (stopping) return errorAnswer('ServerException', 'The endpoint is shutting down.');
			return answer(operation, input, contextOf(deps, regionNamed(caller.region ?? deps.region), caller));
		},
		metadata: (path) => metadataAnswer(path, tasks()),
		credentials: (path) => credentialsAnswer(path, tasks(), deps),
		stopAll: async () => {
			stopping = true;
			await closeAll();
		},
		reset: closeAll,
	};
}

function contextOf(deps: EcsDependencies, { state, scheduler }: Region, caller: Caller): Context {
	const { account, clock } = deps;
	return { deps, account, region: state.region, state, scheduler, caller: caller.arn ?? iamArn(state.region, account, 'root'), now: clock.now() };
}

async function answer(name: string, input: unknown, context: Context): Promise<Answer> {
	const operation = operations.get(name);
	// AWS gives this error no message.
	if (operation === undefined) return { status: 400, body: { __type: 'UnknownOperationException' } };
	if (typeof input !== 'object' || input === null || Array.isArray(input)) return { status: 400, body: { __type: 'SerializationException' } };
	try {
		return { status: 200, body: await operation.run(context, input) };
	} catch (error) {
		if (error instanceof EcsError) return errorAnswer(error.code, error.message, error.details);
		context.deps.warn?.(`ecs ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
		return errorAnswer('ServerException', 'Service Unavailable. Please try again later.');
	}
}
