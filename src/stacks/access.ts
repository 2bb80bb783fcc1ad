import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { SecurityGroup } from '../resources/security-group.ts';
import { SecurityGroupIngress } from '../resources/security-group-ingress.ts';
import { naming, pageUrlOf, type StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

type GroupNode = Node<{ groupId: string }>;

/** The web page, from the allowed addresses, or from its load balancer. */
export interface WebAccess {
	webGroup: GroupNode;
	/** 8080 from there. */
	webRule: Node;
}

/** The load balancer, from the allowed addresses. */
export interface BalancerAccess extends Readonly<Record<string, Node>> {
	balancerGroup: GroupNode;
	httpsRule: Node;
	httpRule: Node;
}

export interface Access extends WebAccess {
	/** Undefined where the web page has no name. */
	balancer: BalancerAccess | undefined;
	airflowGroup: GroupNode;
	databaseGroup: GroupNode;
	/** What a task of Airflow may reach: the database and the file system. */
	taskRules: { databaseRule: Node; fileSystemRule: Node };
}

interface Needs {
	shared: Shared;
	anchor: Node;
}

/** Who may talk to whom. */
export function addAccess(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): Access {
	const balancer = pageUrlOf(inputs) === undefined ? undefined : addBalancerAccess(stack, inputs, needs);
	const web = balancer ? addAccessBehind(stack, inputs, needs, balancer) : addWebAccess(stack, inputs, needs);
	const airflowGroup = addGroup(stack, inputs, needs, { role: 'airflow', description: 'Airflow tasks' });
	const databaseGroup = addGroup(stack, inputs, needs, { role: 'database', description: 'Airflow database: from Airflow tasks only' });
	const databaseRule = addRule(stack, 'rule-database', { from: airflowGroup, to: databaseGroup, port: 5432 });
	const fileSystemRule = addRule(stack, 'rule-efs', { from: airflowGroup, to: needs.shared.fileSystemGroup, port: 2049 });
	return { ...web, balancer, airflowGroup, databaseGroup, taskRules: { databaseRule, fileSystemRule } };
}

/** For a single task that holds all: its web page is reached, and it reaches its files. */
export function addSingleTaskAccess(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): WebAccess & { fileSystemRule: Node } {
	const web = addWebAccess(stack, inputs, needs);
	return { ...web, fileSystemRule: addRule(stack, 'rule-efs', { from: web.webGroup, to: needs.shared.fileSystemGroup, port: 2049 }) };
}

interface WorkerAccessNeeds extends Needs {
	/** Of the task that workers reach. */
	webGroup: GroupNode;
	/** What it listens on: name → port. */
	ports: readonly (readonly [name: string, port: number])[];
}

/** For workers beside a single task: they reach its databases and their files, and nobody reaches them. */
export function addWorkerAccess(stack: Stack<Aws>, inputs: StackInputs, { webGroup, ports, ...needs }: WorkerAccessNeeds): { workerGroup: GroupNode; rules: Record<string, Node> } {
	const workerGroup = addGroup(stack, inputs, needs, { role: 'worker', description: 'Airflow workers' });
	const databases = ports.map(([name, port]) => [`rule-${name}`, addRule(stack, `rule-worker-${name}`, { from: workerGroup, to: webGroup, port })]);
	const files = addRule(stack, 'rule-worker-efs', { from: workerGroup, to: needs.shared.fileSystemGroup, port: 2049 });
	return { workerGroup, rules: { ...Object.fromEntries(databases), files } };
}

function addWebAccess(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): WebAccess {
	const webGroup = addWebGroup(stack, inputs, needs);
	return { webGroup, webRule: addPublicRule(stack, inputs, 'rule-web', { to: webGroup, port: 8080 }) };
}

/** The same group and rule: who switches the load balancer on or off changes where the rule lets in from. */
function addAccessBehind(stack: Stack<Aws>, inputs: StackInputs, needs: Needs, { balancerGroup }: BalancerAccess): WebAccess {
	const webGroup = addWebGroup(stack, inputs, needs);
	return { webGroup, webRule: addRule(stack, 'rule-web', { from: balancerGroup, to: webGroup, port: 8080 }) };
}

function addBalancerAccess(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): BalancerAccess {
	const balancerGroup = addGroup(stack, inputs, needs, { role: 'balancer', description: 'Load balancer of the Airflow web page: from the allowed addresses' });
	const rule = (name: string, port: number): Node => addPublicRule(stack, inputs, `rule-balancer-${name}`, { to: balancerGroup, port });
	return { balancerGroup, httpsRule: rule('https', 443), httpRule: rule('http', 80) };
}

/** AWS changes no description: it is one for both ways in. */
function addWebGroup(stack: Stack<Aws>, inputs: StackInputs, needs: Needs): GroupNode {
	return addGroup(stack, inputs, needs, { role: 'web', description: 'Airflow web page: from the allowed addresses' });
}

function addPublicRule(stack: Stack<Aws>, { allowedCidrs }: StackInputs, key: string, { to, port }: { to: GroupNode; port: number }): Node {
	return stack.add(SecurityGroupIngress, key, { to }, ({ to }) => ({ groupId: to.groupId, port, from: { cidrs: [...allowedCidrs] } }));
}

function addGroup(stack: Stack<Aws>, inputs: StackInputs, { anchor, shared }: Needs, { role, description }: { role: string; description: string }): GroupNode {
	const name = naming(inputs).in(stack.scope).object(role);
	return stack.add(SecurityGroup, `security-group-${role}`, { anchor, vpc: shared.network.vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId, name, description }));
}

function addRule(stack: Stack<Aws>, key: string, { from, to, port }: { from: GroupNode; to: GroupNode; port: number }): Node {
	return stack.add(SecurityGroupIngress, key, { to, from }, ({ to, from }) => ({ groupId: to.groupId, port, from: { groupId: from.groupId } }));
}
