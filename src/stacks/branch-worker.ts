import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { addWorkerAccess } from './access.ts';
import type { BranchDatabase } from './branch-databases.ts';
import type { StackInputs } from './inputs.ts';
import { addWorker, type Worker, type WorkerNeeds } from './worker.ts';

interface Needs extends Omit<WorkerNeeds, 'group' | 'uses' | 'connections'> {
	/** Of the branch's one task. */
	webGroup: Node<{ groupId: string }>;
	databases: readonly BranchDatabase[];
}

/** Workers of a branch reach its databases in its one task, whose address the scheduler tells them: it is new at each replacement. */
export function addBranchWorker(stack: Stack<Aws>, inputs: StackInputs, { webGroup, databases, ...needs }: Needs): Worker {
	if (inputs.executor === 'local') return { nodes: {}, ready: {} };
	const { workerGroup, rules } = addWorkerAccess(stack, inputs, { ...needs, webGroup, ports: databases.map(({ server }) => [server.name, server.url.port]) });
	const mysql = databases.find(({ server }) => server.name === 'mysql');
	const connections = mysql ? { AIRFLOW_CONN_MYSQL_BRANCH: mysql.secret } : {};
	return addWorker(stack, inputs, { ...needs, connections, group: workerGroup, uses: rules });
}
