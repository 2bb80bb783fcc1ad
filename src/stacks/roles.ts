import type { Aws } from '../aws/clients.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { IamRole } from '../resources/iam-role.ts';
import { IamRolePolicy } from '../resources/iam-role-policy.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Logs } from './logs.ts';
import { executionPolicy, initPolicy, schedulerPolicy, type TaskNeeds, webserverPolicy } from './policies.ts';
import type { Secrets } from './secrets.ts';
import type { Shared } from './shared.ts';

type RoleNode = Node<{ name: string; arn: string }>;

export interface Roles {
	executionRole: RoleNode;
	initRole: RoleNode;
	webserverRole: RoleNode;
	schedulerRole: RoleNode;
	/** Without them the roles allow nothing. */
	policies: { executionPolicy: Node; initPolicy: Node; webserverPolicy: Node; schedulerPolicy: Node };
}

interface Needs {
	anchor: Node;
	shared: Shared;
	secrets: Secrets;
	logs: Logs;
	accessPoint: Node<{ arn: string }>;
}

/** One execution role, and a task role per task definition, each with its own actions on its own ARNs only. */
export function addRoles(stack: Stack<Aws>, inputs: StackInputs, { anchor, shared, secrets, logs, accessPoint }: Needs): Roles {
	const { config, place } = inputs;
	const names = naming(inputs);
	const role = (name: string): RoleNode =>
		stack.add(IamRole, `role-${name}`, { anchor }, () => ({
			name: names.in(stack.scope).role(name),
			service: 'ecs-tasks.amazonaws.com',
			sourceArn: `arn:${place.partition}:ecs:${place.region}:${place.account}:*`,
			path: config.rolePath,
			permissionsBoundary: config.permissionsBoundary ?? null,
		}));
	const executionRole = role('execution');
	const initRole = role('init');
	const webserverRole = role('webserver');
	const schedulerRole = role('scheduler');

	const { repository } = shared;
	const execution = stack.add(IamRolePolicy, 'policy-execution', { executionRole, repository, ...secrets, ...logs }, ({ executionRole, repository, ...needs }) => ({
		role: executionRole.name,
		name: 'execution',
		document: executionPolicy({
			repositoryArn: repository.arn,
			secretArns: [needs.databaseSecret.arn, needs.fernetKey.arn, needs.webserverKey.arn, needs.adminPassword.arn],
			logGroupArns: [needs.logInit.arn, needs.logWebserver.arn, needs.logScheduler.arn, needs.logDagSync.arn],
		}),
	}));
	const task = (name: string, role: RoleNode, document: (needs: TaskNeeds) => JsonObject): Node =>
		stack.add(IamRolePolicy, `policy-${name}`, { role, fileSystem: shared.fileSystem, accessPoint, logTask: logs.logTask }, ({ role, fileSystem, accessPoint, logTask }) => ({
			role: role.name,
			name,
			document: document({
				place,
				bucket: names.bucket,
				environment: stack.scope,
				fileSystemArn: fileSystem.arn,
				accessPointArn: accessPoint.arn,
				taskLogGroupArn: logTask.arn,
			}),
		}));
	return {
		executionRole,
		initRole,
		webserverRole,
		schedulerRole,
		policies: {
			executionPolicy: execution,
			initPolicy: task('init', initRole, initPolicy),
			webserverPolicy: task('webserver', webserverRole, webserverPolicy),
			schedulerPolicy: task('scheduler', schedulerRole, schedulerPolicy),
		},
	};
}
