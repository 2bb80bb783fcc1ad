import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { LogGroup } from '../resources/log-group.ts';
import { naming, type StackInputs } from './inputs.ts';

export type LogNode = Node<{ name: string; arn: string }>;

/** One log group per component; `task` holds what Airflow's tasks write. */
export interface Logs {
	logInit: LogNode;
	logWebserver: LogNode;
	logScheduler: LogNode;
	logDagSync: LogNode;
	logTask: LogNode;
}

export function addLogGroups(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): Logs {
	const group = (component: string): LogNode => addLogGroup(stack, inputs, after, component);
	return { logInit: group('init'), logWebserver: group('webserver'), logScheduler: group('scheduler'), logDagSync: group('dag-sync'), logTask: group('task') };
}

export function addLogGroup(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>, component: string): LogNode {
	const name = naming(inputs).in(stack.scope).logGroup(component);
	return stack.add(LogGroup, `log-group-${component}`, after, () => ({ name, retentionDays: retentionOf(inputs) }));
}

/** Days; 0 where all goes before a line could be so old: each group would be a call more. */
function retentionOf({ config, branch, createdAt }: StackInputs): number {
	const days = config.logRetentionDays;
	if (!branch || branch.expiresAt === null) return days;
	const lives = Date.parse(branch.expiresAt) - (createdAt === undefined ? Date.now() : Date.parse(createdAt));
	return lives <= days * 24 * 3_600_000 ? 0 : days;
}
