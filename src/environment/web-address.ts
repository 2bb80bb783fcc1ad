import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { findTasks } from '../resources/ecs.ts';

/**
 * The web page's address: service, its newest running task, that task's network interface. It is new at each replacement,
 * so it is looked up each time. No trailing slash.
 * @returns null where no task runs, or where it has no public address
 */
export async function webAddress(aws: Aws, cluster: string, service: string): Promise<string | null> {
	const tasks = await findTasks(aws, { cluster, serviceName: service, desiredStatus: 'RUNNING' });
	const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').toSorted(healthyThenNewest);
	const [task] = running;
	const address = task && (await publicAddress(aws, interfaceOf(task)));
	return address === undefined ? null : `http://${address}:8080`;
}

function healthyThenNewest(a: Task, b: Task): number {
	const rank = ({ healthStatus, startedAt }: Task): number => (healthStatus === 'HEALTHY' ? 1e15 : 0) + (startedAt?.getTime() ?? 0);
	return rank(b) - rank(a);
}

function interfaceOf({ attachments = [] }: Task): string | undefined {
	return attachments.flatMap(({ details = [] }) => details).find(({ name }) => name === 'networkInterfaceId')?.value;
}

async function publicAddress(aws: Aws, id: string | undefined): Promise<string | undefined> {
	if (id === undefined) return undefined;
	const { NetworkInterfaces = [] } = await aws.client(EC2Client).send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
	return NetworkInterfaces[0]?.Association?.PublicIp;
}
