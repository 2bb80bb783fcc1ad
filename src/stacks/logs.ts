import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { LogGroup } from '../resources/log-group.ts';
import { naming, type StackInputs } from './inputs.ts';

type LogNode = Node<{ name: string; arn: string }>;

/** One log group per component; `task` holds what Airflow's tasks write. */
export interface Logs {
	logInit: LogNode;
	logWebserver: LogNode;
	logScheduler: LogNode;
	logDagSync: LogNode;
	logTask: LogNode;
}

export function addLogGroups(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): Logs {
	const { logGroup } = naming(inputs).in(stack.scope);
	const group = (component: string): LogNode =>
		stack.add(LogGroup, `log-group-${component}`, after, () => ({ name: logGroup(component), retentionDays: inputs.config.logRetentionDays }));
	return { logInit: group('init'), logWebserver: group('webserver'), logScheduler: group('scheduler'), logDagSync: group('dag-sync'), logTask: group('task') };
}
