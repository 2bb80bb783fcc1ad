import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { IamRolePolicy } from '../resources/iam-role-policy.ts';
import { Schedule } from '../resources/schedule.ts';
import { naming, type StackInputs } from './inputs.ts';
import { stopPolicy } from './policies.ts';
import { addRole } from './roles.ts';

interface Needs {
	anchor: Node;
	cluster: Node<{ name: string }>;
	/** ISO 8601, whole seconds. */
	at: string;
}

/** Stops the branch at its hour, within AWS: a schedule, and a role that can do nothing else. */
export function addExpiry(stack: Stack<Aws>, inputs: StackInputs, { anchor, cluster, at }: Needs): { schedule: Node } {
	const { partition, region, account } = inputs.place;
	const { object } = naming(inputs).in(stack.scope);
	const service = object('airflow');
	// EventBridge Scheduler user guide, "Confused deputy prevention": the group's ARN, never a schedule's.
	const role = addRole(stack, inputs, anchor, 'schedule', { service: 'scheduler.amazonaws.com', sourceArn: `arn:${partition}:scheduler:${region}:${account}:schedule-group/default` });
	const policy = stack.add(IamRolePolicy, 'policy-schedule', { role, cluster }, ({ role, cluster }) => ({
		role: role.name,
		name: 'schedule',
		document: stopPolicy(`arn:${partition}:ecs:${region}:${account}:service/${cluster.name}/${service}`),
	}));
	const schedule = stack.add(Schedule, 'schedule', { role, policy, cluster }, ({ role, cluster }) => ({ name: object('expiry'), at, roleArn: role.arn, cluster: cluster.name, service }));
	return { schedule };
}
