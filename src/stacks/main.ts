import type { Aws } from '../aws/clients.ts';
import { Stack } from '../engine/stack.ts';
import { EcsService } from '../resources/ecs-service.ts';
import { RunTask } from '../resources/run-task.ts';
import { addAccess } from './access.ts';
import { addBalancer, placeBehind } from './balancer.ts';
import { addBundle, addBundleParsed } from './bundle.ts';
import { addDatabase } from './database.ts';
import { addFoundation } from './foundation.ts';
import { addImage } from './image.ts';
import { naming, type StackInputs } from './inputs.ts';
import { ground, placeOf, replaced, rolling } from './placement.ts';
import { addRoles } from './roles.ts';
import { addSecrets } from './secrets.ts';
import type { Shared } from './shared.ts';
import { addTaskDefinitions } from './task-definitions.ts';
import { addWorker } from './worker.ts';

/** One Airflow: a webserver and a scheduler on Fargate, their PostgreSQL, secrets, logs and roles. */
export function mainStack(inputs: StackInputs, shared: Shared): Stack<Aws> {
	const { environment } = inputs.config;
	const { bucket } = shared;
	const { object } = naming(inputs).in(environment);
	const stack = new Stack<Aws>(environment);

	const { anchor, accessPoint, logs } = addFoundation(stack, inputs, shared);
	const access = addAccess(stack, inputs, { shared, anchor });
	const secrets = addSecrets(stack, inputs, { anchor });
	const databaseUrl = addDatabase(stack, inputs, { anchor, shared, databaseSecret: secrets.databaseSecret, group: access.databaseGroup });
	const roles = addRoles(stack, inputs, { anchor, shared, secrets, logs, accessPoint });
	const files = addBundle(stack, inputs, { anchor, bucket });
	const image = addImage(stack, inputs, shared, anchor);
	const worker = addWorker(stack, inputs, { anchor, shared, image, secrets, logTask: logs.logTask, accessPoint, schedulerRole: roles.schedulerRole, group: access.airflowGroup, uses: { databaseUrl, ...access.taskRules } });
	const tasks = addTaskDefinitions(stack, inputs, { shared, image, secrets, logs, roles, accessPoint, workers: worker.nodes });

	const behind = addBalancer(stack, inputs, { anchor, shared, access: access.balancer });

	const { airflowGroup, webGroup, webRule } = access;
	const placed = { ...ground(shared), airflowGroup, ...access.taskRules, ...roles.policies };
	const init = stack.add(RunTask, 'init', { ...placed, task: tasks.initTask, databaseUrl, files, adminPassword: secrets.adminPassword }, (needs) => ({
		...placeOf(inputs, needs),
		taskDefinition: needs.task.arn,
		container: 'init',
		securityGroups: [needs.airflowGroup.groupId],
		// A changed bundle does not repeat it; a changed password does, or the user would keep the old one.
		inputs: { adminPassword: needs.adminPassword.version },
	}));
	const webserver = stack.add(EcsService, 'service-webserver', { ...behind, ...placed, task: tasks.webserverTask, init, webGroup, webRule }, (needs) => ({
		...placeOf(inputs, needs),
		...rolling,
		balancer: placeBehind(needs),
		name: object('webserver'),
		taskDefinition: needs.task.arn,
		securityGroups: [needs.airflowGroup.groupId, needs.webGroup.groupId],
	}));
	const scheduler = stack.add(EcsService, 'service-scheduler', { ...worker.ready, ...placed, task: tasks.schedulerTask, init }, (needs) => ({
		...placeOf(inputs, needs),
		...replaced,
		name: object('scheduler'),
		taskDefinition: needs.task.arn,
		securityGroups: [needs.airflowGroup.groupId],
	}));

	addBundleParsed(stack, inputs, { files, webserver, scheduler });
	return stack;
}
