import { DescribeNetworkInterfacesCommand, DescribeSubnetsCommand, EC2Client, paginateDescribeVpcEndpoints } from '@aws-sdk/client-ec2';
import type { Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import type { Aws } from '../aws/clients.ts';
import { UserError } from '../errors.ts';

/** What the agent calls (developer guide, "ECS Exec: IAM permissions"). */
const agentActions = ['ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel'];

/**
 * Why the agent of a task does not reach Session Manager: its role, or its network. Asked only where it does not work,
 * because IAM and EC2 take a second to answer.
 * @returns undefined where nothing was found, or where we may not look
 */
export async function diagnose(aws: Aws, { task, definition }: { readonly task: Task; readonly definition: TaskDefinition }): Promise<UserError | undefined> {
	const [denied, unreachable] = await Promise.all([
		unlessRefused(deniedActions(aws, task.overrides?.taskRoleArn ?? definition.taskRoleArn)),
		unlessRefused(endpointMissing(aws, task)),
	]);
	if (denied !== undefined && denied.actions.length > 0)
		return new UserError('AgentNotAllowed', `the agent cannot reach Session Manager: task role ${denied.role.split('/').at(-1)} does not allow ${denied.actions.join(', ')}`, {
			hint: 'airflow-deploy up   # writes the role again; an organisation or a permissions boundary may forbid it too',
		});
	if (unreachable !== undefined)
		return new UserError('NoPathToSessionManager', `the agent cannot reach Session Manager: the task has no public address, and ${unreachable.vpc} has no endpoint for ${unreachable.service}`, {
			hint: `aws ec2 create-vpc-endpoint --vpc-id ${unreachable.vpc} --vpc-endpoint-type Interface --service-name ${unreachable.service} --subnet-ids ${unreachable.subnet}   # or a NAT gateway`,
		});
	return undefined;
}

async function deniedActions(aws: Aws, role: string | undefined): Promise<{ role: string; actions: string[] } | undefined> {
	if (role === undefined) return undefined;
	const { EvaluationResults = [] } = await aws.client(IAMClient).send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: role, ActionNames: agentActions }));
	return { role, actions: EvaluationResults.flatMap(({ EvalActionName = '', EvalDecision }) => (EvalDecision === 'allowed' ? [] : [EvalActionName])) };
}

/** The endpoint that a task without a public address would need; a NAT gateway in its stead is not looked for. */
async function endpointMissing(aws: Aws, task: Task): Promise<{ vpc: string; subnet: string; service: string } | undefined> {
	const details = task.attachments?.flatMap(({ details = [] }) => details) ?? [];
	const detail = (name: string): string | undefined => details.find((each) => each.name === name)?.value;
	const [subnet, networkInterface] = [detail('subnetId'), detail('networkInterfaceId')];
	if (subnet === undefined || networkInterface === undefined || (await hasPublicAddress(aws, networkInterface))) return undefined;
	const { Subnets = [] } = await aws.client(EC2Client).send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
	const vpc = Subnets[0]?.VpcId;
	if (vpc === undefined) return undefined;
	const service = `${aws.partition === 'aws-cn' ? 'cn.' : ''}com.amazonaws.${aws.region}.ssmmessages`;
	for await (const { VpcEndpoints = [] } of paginateDescribeVpcEndpoints({ client: aws.client(EC2Client) }, { Filters: [{ Name: 'vpc-id', Values: [vpc] }, { Name: 'service-name', Values: [service] }] })) if (VpcEndpoints.length > 0) return undefined;
	return { vpc, subnet, service };
}

async function hasPublicAddress(aws: Aws, networkInterface: string): Promise<boolean> {
	const { NetworkInterfaces = [] } = await aws.client(EC2Client).send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [networkInterface] }));
	return NetworkInterfaces[0]?.Association?.PublicIp !== undefined;
}

/** Who may run commands need not be allowed to look into roles and networks. */
async function unlessRefused<T>(call: Promise<T>): Promise<T | undefined> {
	return call.catch(() => undefined);
}
