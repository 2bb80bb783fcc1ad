import { CreateVpcCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { awsClients } from '../../src/aws/clients.ts';
import { sharedReads } from '../../src/aws/shared-reads.ts';

test('the same read is sent once, another one and a change are sent', async () => {
	const sent: string[] = [];
	const stop = new Error('sent');
	const connection = { region: 'eu-central-1', endpoint: 'http://127.0.0.1:1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
	const ec2 = sharedReads(awsClients(connection, { account: '', partition: 'aws' }, ({ operation }) => {
		sent.push(operation);
		throw stop;
	})).client(EC2Client);
	const answers = await Promise.allSettled([
		ec2.send(new DescribeVpcsCommand({ VpcIds: ['vpc-1'] })),
		ec2.send(new DescribeVpcsCommand({ VpcIds: ['vpc-1'] })),
		ec2.send(new DescribeVpcsCommand({ VpcIds: ['vpc-2'] })),
		ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })),
		ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })),
	]);
	expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
	expect(sent.toSorted()).toEqual(['CreateVpc', 'CreateVpc', 'DescribeVpcs', 'DescribeVpcs']);
});
