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
export function addRoles(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): Roles {
	const { anchor, shared, secrets, logs, accessPoint } = needs;
	const role = (name: string): RoleNode => addRole(stack, inputs, anchor, name);
	const executionRole = role('execution');
	const initRole = role('init');
	const webserverRole = role('webserver');
	const schedulerRole = role('scheduler');
	const reads = { secrets: { ...secrets }, logs: containerLogs(logs) };
	const task = (name: string, role: RoleNode, document: (needs: TaskNeeds) => JsonObject): Node =>
		addTaskPolicy(stack, inputs, { name, role, shared, accessPoints: { accessPoint }, logTask: logs.logTask, document });
	return {
		executionRole,
		initRole,
		webserverRole,
		schedulerRole,
		policies: {
			executionPolicy: addExecutionPolicy(stack, { executionRole, shared, ...reads }),
			initPolicy: task('init', initRole, initPolicy),
			webserverPolicy: task('webserver', webserverRole, webserverPolicy),
			schedulerPolicy: task('scheduler', schedulerRole, schedulerPolicy),
		},
	};
}

/** A role for tasks of this account's ECS, or for somebody else. @param who the service, and its objects that may use the role */
export function addRole(stack: Stack<Aws>, inputs: StackInputs, anchor: Node, name: string, who = tasksOf(inputs)): RoleNode {
	const { config } = inputs;
	return stack.add(IamRole, `role-${name}`, { anchor }, () => ({
		name: naming(inputs).in(stack.scope).role(name),
		...who,
		path: config.rolePath,
		permissionsBoundary: config.permissionsBoundary ?? null,
	}));
}

function tasksOf({ place: { partition, region, account } }: StackInputs): { service: string; sourceArn: string } {
	return { service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:${partition}:ecs:${region}:${account}:*` };
}

type Named<Outputs extends JsonObject> = Readonly<Record<string, Node<Outputs>>>;

/** Where containers write their output: not the group of Airflow's tasks, which they write to themselves. */
export function containerLogs({ logInit, logWebserver, logScheduler, logDagSync }: Logs): Named<{ arn: string }> {
	return { logInit, logWebserver, logScheduler, logDagSync };
}

interface ExecutionNeeds {
	executionRole: RoleNode;
	shared: Shared;
	secrets: Named<{ arn: string }>;
	logs: Named<{ arn: string }>;
}

/** @param name of the role, within its environment */
export function addExecutionPolicy(stack: Stack<Aws>, { executionRole, shared, secrets, logs }: ExecutionNeeds, name = 'execution'): Node {
	const { repository } = shared;
	return stack.add(IamRolePolicy, `policy-${name}`, { ...secrets, ...logs, executionRole, repository }, (needs) => ({
		role: needs.executionRole.name,
		name: 'execution',
		document: executionPolicy({ repositoryArn: needs.repository.arn, secretArns: arnsOf(needs, secrets), logGroupArns: arnsOf(needs, logs) }),
	}));
}

interface TaskPolicy {
	name: string;
	role: RoleNode;
	shared: Shared;
	accessPoints: Named<{ arn: string }>;
	logTask: Node<{ arn: string }>;
	document: (needs: TaskNeeds) => JsonObject;
}

export function addTaskPolicy(stack: Stack<Aws>, inputs: StackInputs, { name, role, shared, accessPoints, logTask, document }: TaskPolicy): Node {
	return stack.add(IamRolePolicy, `policy-${name}`, { ...accessPoints, role, fileSystem: shared.fileSystem, logTask }, (needs) => ({
		role: needs.role.name,
		name,
		document: document({
			place: inputs.place,
			bucket: naming(inputs).bucket,
			environment: stack.scope,
			fileSystemArn: needs.fileSystem.arn,
			accessPointArns: arnsOf(needs, accessPoints),
			taskLogGroupArn: needs.logTask.arn,
		}),
	}));
}

function arnsOf(outputs: Readonly<Record<string, { arn: string }>>, nodes: Named<{ arn: string }>): string[] {
	return [...new Set(Object.keys(nodes).flatMap((name) => outputs[name]?.arn ?? []))];
}
