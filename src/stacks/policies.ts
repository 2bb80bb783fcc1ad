import type { JsonObject } from '../engine/resource.ts';
import type { Place } from './inputs.ts';

type Statement = { Effect: 'Allow'; Action: string[]; Resource: string[]; Condition?: JsonObject };

function policy(...Statement: Statement[]): JsonObject {
	return { Version: '2012-10-17', Statement };
}

function allow(Action: string[], Resource: string[], Condition?: JsonObject): Statement {
	return { Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) };
}

/** For ECS itself: pull the image, read the secrets, write the containers' output. */
export function executionPolicy(needs: { repositoryArn: string; secretArns: string[]; logGroupArns: string[] }): JsonObject {
	return policy(
		allow(['ecr:GetAuthorizationToken'], ['*']),
		allow(['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], [needs.repositoryArn]),
		allow(['secretsmanager:GetSecretValue'], needs.secretArns),
		allow(['logs:CreateLogStream', 'logs:PutLogEvents'], needs.logGroupArns.map((arn) => `${arn}:*`)),
	);
}

export interface TaskNeeds {
	place: Place;
	bucket: string;
	environment: string;
	fileSystemArn: string;
	/** What may be mounted. */
	accessPointArns: string[];
	taskLogGroupArn: string;
}

/** Mounts the bundle for reading, and shows task logs. */
export function webserverPolicy(needs: TaskNeeds): JsonObject {
	return policy(mount(needs, []), allow(['logs:GetLogEvents'], logsOf(needs)), exec);
}

/** Copies the bundle, reports its state, and writes task logs: what the scheduler and its sidecar do. */
export function schedulerPolicy(needs: TaskNeeds): JsonObject {
	return policy(
		mount(needs, ['elasticfilesystem:ClientWrite']),
		...readBundle(needs),
		reportBundle(needs),
		allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logsOf(needs)),
		exec,
	);
}

/** All of the above in one task, and the files of its databases. */
export function branchPolicy(needs: TaskNeeds): JsonObject {
	return policy(
		mount(needs, ['elasticfilesystem:ClientWrite']),
		...readBundle(needs),
		reportBundle(needs),
		allow(['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:GetLogEvents'], logsOf(needs)),
		exec,
	);
}

/** Stops one service. */
export function stopPolicy(serviceArn: string): JsonObject {
	return policy(allow(['ecs:UpdateService'], [serviceArn]));
}

/** Mounts the bundle for reading, and writes task logs: what a task of a DAG itself needs. */
export function workerPolicy(needs: TaskNeeds): JsonObject {
	return policy(mount(needs, []), allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logsOf(needs)));
}

interface StartWorkersNeeds {
	place: Place;
	cluster: { name: string; arn: string };
	family: string;
	/** What a worker may be given. */
	roleArns: string[];
}

/** For the scheduler: starts, looks at and stops workers, and nothing else; a task's ARN names its cluster, not its family. */
export function startWorkersPolicy({ place, cluster, family, roleArns }: StartWorkersNeeds): JsonObject {
	const ecs = `arn:${place.partition}:ecs:${place.region}:${place.account}`;
	const here = { ArnEquals: { 'ecs:cluster': cluster.arn } };
	return policy(
		allow(['ecs:RunTask'], [`${ecs}:task-definition/${family}:*`], here),
		allow(['ecs:DescribeTasks', 'ecs:StopTask'], [`${ecs}:task/${cluster.name}/*`], here),
		allow(['iam:PassRole'], roleArns, { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } }),
	);
}

/** Makes the first copy of the bundle. */
export function initPolicy(needs: TaskNeeds): JsonObject {
	return policy(mount(needs, ['elasticfilesystem:ClientWrite']), ...readBundle(needs));
}

/** ECS Exec (Amazon ECS developer guide, "ECS Exec: IAM permissions"). */
const exec = allow(
	['ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel'],
	['*'],
);

function mount({ fileSystemArn, accessPointArns }: TaskNeeds, more: string[]): Statement {
	return allow(['elasticfilesystem:ClientMount', ...more], [fileSystemArn], { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPointArns } });
}

function reportBundle(needs: TaskNeeds): Statement {
	return allow(['s3:PutObject'], [`${bucketArn(needs)}/status/${needs.environment}.json`]);
}

// Without s3:ListBucket a missing key is answered with 403 instead of 404; a GetObject carries no prefix to compare.
function readBundle(needs: TaskNeeds): Statement[] {
	const prefix = `${needs.environment}/*`;
	return [
		allow(['s3:ListBucket'], [bucketArn(needs)], { StringLikeIfExists: { 's3:prefix': prefix } }),
		allow(['s3:GetObject'], [`${bucketArn(needs)}/${prefix}`]),
	];
}

function bucketArn({ place, bucket }: TaskNeeds): string {
	return `arn:${place.partition}:s3:::${bucket}`;
}

function logsOf({ taskLogGroupArn }: TaskNeeds): string[] {
	return [`${taskLogGroupArn}:*`];
}
