import type { Aws } from '../aws/clients.ts';
import { Stack } from '../engine/stack.ts';
import { EcsService } from '../resources/ecs-service.ts';
import { addSingleTaskAccess } from './access.ts';
import { addBranchDatabases, nodesOf, postgresUrl } from './branch-databases.ts';
import { addBranchTask } from './branch-task.ts';
import { addExpiry } from './branch-expiry.ts';
import { addBranchWorker } from './branch-worker.ts';
import { addBundle, addBundleParsed } from './bundle.ts';
import { addFoundation } from './foundation.ts';
import { addImage } from './image.ts';
import { type BranchOptions, naming, type StackInputs } from './inputs.ts';
import { ground, placeOf, replaced } from './placement.ts';
import { branchPolicy } from './policies.ts';
import { addExecutionPolicy, addRole, addTaskPolicy, containerLogs } from './roles.ts';
import { addBranchSecrets } from './secrets.ts';
import type { Shared } from './shared.ts';

/** One Airflow in one Fargate task, with its databases beside it: a service of one, so that it comes back by itself. */
export function branchStack(inputs: StackInputs, shared: Shared, branch: BranchOptions): Stack<Aws> {
	const { environment } = inputs.config;
	const { bucket } = shared;
	const stack = new Stack<Aws>(environment);

	const { anchor, accessPoint, logs } = addFoundation(stack, inputs, shared);
	const { webGroup, webRule, fileSystemRule } = addSingleTaskAccess(stack, inputs, { shared, anchor });
	const secrets = addBranchSecrets(stack, inputs, { anchor }, postgresUrl);
	const databases = addBranchDatabases(stack, inputs, { anchor, shared, databaseSecret: secrets.databaseSecret, branch });

	const executionRole = addRole(stack, inputs, anchor, 'execution');
	const airflowRole = addRole(stack, inputs, anchor, 'airflow');
	const executionPolicy = addExecutionPolicy(stack, { executionRole, shared, secrets: { ...secrets, ...nodesOf(databases, 'secret') }, logs: { ...containerLogs(logs), ...nodesOf(databases, 'log') } });
	const airflowPolicy = addTaskPolicy(stack, inputs, { name: 'airflow', role: airflowRole, shared, accessPoints: { accessPoint, ...nodesOf(databases, 'files') }, logTask: logs.logTask, document: branchPolicy });

	const files = addBundle(stack, inputs, { anchor, bucket });
	const image = addImage(stack, inputs, shared, anchor);
	const worker = addBranchWorker(stack, inputs, { anchor, shared, image, secrets, logTask: logs.logTask, accessPoint, schedulerRole: airflowRole, webGroup, databases });
	const task = addBranchTask(stack, inputs, { shared, image, secrets, logs, executionRole, airflowRole, accessPoint, databases, workers: worker.nodes });
	const expiry = branch.expiresAt === null ? {} : addExpiry(stack, inputs, { anchor, cluster: shared.cluster, at: branch.expiresAt });
	// The schedule comes first: what was interrupted between the two must not stay for ever.
	const service = stack.add(EcsService, 'service-airflow', { ...ground(shared), ...expiry, ...worker.ready, task, files, webGroup, webRule, fileSystemRule, executionPolicy, airflowPolicy }, (needs) => ({
		...placeOf(inputs, needs),
		...replaced,
		expiresAt: branch.expiresAt,
		name: naming(inputs).in(environment).object('airflow'),
		taskDefinition: needs.task.arn,
		securityGroups: [needs.webGroup.groupId],
	}));
	addBundleParsed(stack, inputs, { files, webserver: service, scheduler: service });
	return stack;
}
