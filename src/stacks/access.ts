import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { SecurityGroup } from '../resources/security-group.ts';
import { SecurityGroupIngress } from '../resources/security-group-ingress.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

type GroupNode = Node<{ groupId: string }>;

export interface Access {
	webGroup: GroupNode;
	airflowGroup: GroupNode;
	databaseGroup: GroupNode;
	/** 8080 from the allowed addresses. */
	webRule: Node;
	/** What a task of Airflow may reach: the database and the file system. */
	taskRules: { databaseRule: Node; fileSystemRule: Node };
}

/** Who may talk to whom. */
export function addAccess(stack: Stack<Aws>, inputs: StackInputs, shared: Shared, anchor: Node): Access {
	const { object } = naming(inputs).in(stack.scope);
	const group = (role: string, description: string): GroupNode =>
		stack.add(SecurityGroup, `security-group-${role}`, { anchor, vpc: shared.network.vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId, name: object(role), description }));
	const webGroup = group('web', 'Airflow web page: from the allowed addresses');
	const airflowGroup = group('airflow', 'Airflow tasks');
	const databaseGroup = group('database', 'Airflow database: from Airflow tasks only');

	const webRule = stack.add(SecurityGroupIngress, 'rule-web', { webGroup }, ({ webGroup }) => ({
		groupId: webGroup.groupId,
		port: 8080,
		from: { cidrs: [...inputs.allowedCidrs] },
	}));
	const fromAirflow = (key: string, to: GroupNode, port: number): Node =>
		stack.add(SecurityGroupIngress, key, { to, airflowGroup }, ({ to, airflowGroup }) => ({ groupId: to.groupId, port, from: { groupId: airflowGroup.groupId } }));
	const databaseRule = fromAirflow('rule-database', databaseGroup, 5432);
	const fileSystemRule = fromAirflow('rule-efs', shared.fileSystemGroup, 2049);
	return { webGroup, airflowGroup, databaseGroup, webRule, taskRules: { databaseRule, fileSystemRule } };
}
