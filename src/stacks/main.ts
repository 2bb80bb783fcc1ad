import type { Aws } from '../aws/clients.ts';
import { Stack } from '../engine/stack.ts';
import { BundleParsed } from '../resources/bundle-parsed.ts';
import { EcsService } from '../resources/ecs-service.ts';
import { AccessPoint } from '../resources/efs-access-point.ts';
import { RunTask } from '../resources/run-task.ts';
import { Anchor } from '../resources/s3-anchor.ts';
import { UploadBundle } from '../resources/upload-bundle.ts';
import { addAccess } from './access.ts';
import { addDatabase } from './database.ts';
import { addImage } from './image.ts';
import { naming, type StackInputs } from './inputs.ts';
import { addLogGroups } from './logs.ts';
import { addRoles } from './roles.ts';
import { addSecrets } from './secrets.ts';
import type { Shared } from './shared.ts';
import { addTaskDefinitions } from './task-definitions.ts';

/** What each command brings up, with all that it depends on and nothing else. */
export const goals = {
	up: undefined,
	upload: ['bundle-parsed'],
	'db-init': ['init'],
	deploy: ['service-webserver', 'service-scheduler', 'bundle-parsed'],
} as const;
export type Goal = keyof typeof goals;

/** The old webserver serves until the new one is healthy. */
const rolling = { desiredCount: 1, minimumHealthyPercent: 100, maximumPercent: 200 };
/** Never two schedulers: the new one would run again what the old one is finishing. */
const replaced = { desiredCount: 1, minimumHealthyPercent: 0, maximumPercent: 100 };

/** One Airflow: a webserver and a scheduler on Fargate, their PostgreSQL, secrets, logs and roles. */
export function mainStack(inputs: StackInputs, shared: Shared): Stack<Aws> {
	const { config, bundle } = inputs;
	const { environment } = config;
	const { bucket, cluster, fileSystem, network } = shared;
	const { object } = naming(inputs).in(environment);
	const stack = new Stack<Aws>(environment);

	const anchor = stack.add(Anchor, 'anchor', { bucket, settings: shared.bucketSettings }, ({ bucket }) => ({
		bucket: bucket.name,
		options: { allowedCidrs: [...inputs.allowedCidrs] },
	}));
	const access = addAccess(stack, inputs, shared, anchor);
	const accessPoint = stack.add(AccessPoint, 'access-point', { anchor, fileSystem }, ({ fileSystem }) => ({
		fileSystemId: fileSystem.fileSystemId,
		path: `/${environment}`,
		uid: 50000,
		gid: 50000,
		permissions: '0755',
	}));
	const logs = addLogGroups(stack, inputs, { anchor });
	const secrets = addSecrets(stack, inputs, { anchor });
	const databaseUrl = addDatabase(stack, inputs, { anchor, shared, databaseSecret: secrets.databaseSecret, group: access.databaseGroup });
	const roles = addRoles(stack, inputs, { anchor, shared, secrets, logs, accessPoint });
	const files = stack.add(UploadBundle, 'bundle', { anchor, bucket }, ({ bucket }) => ({
		bucket: bucket.name,
		environment,
		source: config.source,
		bundle: bundle.hash,
	}));
	const image = addImage(stack, inputs, shared, anchor);
	const tasks = addTaskDefinitions(stack, inputs, { shared, image, secrets, logs, roles, accessPoint });

	const { airflowGroup, webGroup, webRule } = access;
	const placed = { cluster, airflowGroup, ...network.subnets, ...network.routes, ...shared.mounts, ...access.taskRules, ...roles.policies };
	const where = (needs: { cluster: { name: string }; subnetA: { subnetId: string }; subnetB: { subnetId: string } }) => ({
		cluster: needs.cluster.name,
		subnets: [needs.subnetA.subnetId, needs.subnetB.subnetId],
		assignPublicIp: inputs.assignPublicIp,
	});

	const init = stack.add(RunTask, 'init', { ...placed, task: tasks.initTask, databaseUrl, files, adminPassword: secrets.adminPassword }, (needs) => ({
		...where(needs),
		taskDefinition: needs.task.arn,
		container: 'init',
		securityGroups: [needs.airflowGroup.groupId],
		// A changed bundle does not repeat it; a changed password does, or the user would keep the old one.
		inputs: { adminPassword: needs.adminPassword.version },
	}));
	const webserver = stack.add(EcsService, 'service-webserver', { ...placed, task: tasks.webserverTask, init, webGroup, webRule }, (needs) => ({
		...where(needs),
		...rolling,
		name: object('webserver'),
		taskDefinition: needs.task.arn,
		securityGroups: [needs.airflowGroup.groupId, needs.webGroup.groupId],
	}));
	const scheduler = stack.add(EcsService, 'service-scheduler', { ...placed, task: tasks.schedulerTask, init }, (needs) => ({
		...where(needs),
		...replaced,
		name: object('scheduler'),
		taskDefinition: needs.task.arn,
		securityGroups: [needs.airflowGroup.groupId],
	}));

	const parsed = { bucket: naming(inputs).bucket, environment, bundle: bundle.hash };
	const { runningScheduler } = inputs;
	if (runningScheduler === undefined) {
		stack.add(BundleParsed, 'bundle-parsed', { files, webserver, scheduler }, ({ scheduler }) => ({ ...parsed, scheduler: scheduler.taskDefinition }));
	} else {
		stack.add(BundleParsed, 'bundle-parsed', { files }, () => ({ ...parsed, scheduler: runningScheduler }));
	}
	return stack;
}
