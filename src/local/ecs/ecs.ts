import { iamArn } from './arns.ts';
import type { Context, Operation } from './context.ts';
import { credentialsAnswer } from './credentials.ts';
import type { Answer, Caller, Ecs, EcsDependencies } from './dependencies.ts';
import { EcsError, errorAnswer } from './errors.ts';
import { metadataAnswer } from './metadata.ts';
import { Sessions } from '../session/sessions.ts';
import { accountOperations } from './operations/account.ts';
import { clusterOperations } from './operations/clusters.ts';
import { executeCommandOperations } from './operations/execute-command.ts';
import { serviceDeploymentOperations } from './operations/service-deployments.ts';
import { serviceOperations } from './operations/services.ts';
import { sessionOperations } from './operations/sessions.ts';
import { tagOperations } from './operations/tags.ts';
import { taskDefinitionOperations } from './operations/task-definitions.ts';
import { operationsWithoutInstances } from './operations/without-instances.ts';
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
		...executeCommandOperations,
		...operationsWithoutInstances,
	}),
);
const ssmOperations: ReadonlyMap<string, Operation> = new Map(Object.entries(sessionOperations));

/** Names of the operations that are answered, as in X-Amz-Target. */
export const operationNames: readonly string[] = [...operations.keys()];

interface Region {
	readonly state: RegionState;
	readonly scheduler: Scheduler;
}

/** Amazon ECS on Fargate for one account: state per region, in memory. */
export function createEcs(deps: EcsDependencies): Ecs {
	const regions = new Map<string, Region>();
	const sessions = new Sessions(deps.clock, deps.endpointUrl);
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

	const answering = (from: ReadonlyMap<string, Operation>): Ecs['handle'] => async (operation, input, caller = {}) => {
		if (stopping) return errorAnswer('ServerException', 'The endpoint is shutting down.');
		const { state, scheduler } = regionNamed(caller.region ?? deps.region);
		return answer(from.get(operation), operation, input, { ...contextOf(deps, state, caller), scheduler, sessions });
	};
	return {
		handle: answering(operations),
		ssm: answering(ssmOperations),
		sessions,
		metadata: (path) => metadataAnswer(path, tasks()),
		credentials: (path) => credentialsAnswer(path, tasks(), deps),
		stopAll: async () => {
			stopping = true;
			await closeAll();
		},
		reset: closeAll,
		faultsChanged: () => {
			for (const { scheduler } of regions.values()) scheduler.faultsChanged();
		},
	};
}

function contextOf(deps: EcsDependencies, state: RegionState, caller: Caller): Omit<Context, 'scheduler' | 'sessions'> {
	const { account, clock } = deps;
	return { deps, account, region: state.region, state, caller: caller.arn ?? iamArn(state.region, account, 'root'), now: clock.now() };
}

async function answer(operation: Operation | undefined, name: string, input: unknown, context: Context): Promise<Answer> {
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
