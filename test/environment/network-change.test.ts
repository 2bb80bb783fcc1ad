import { expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { Entry } from '../../src/engine/state.ts';
import { assertSameNetwork } from '../../src/environment/network-change.ts';
import { stackInputs } from '../../src/environment/wanted.ts';
import { optionsFor } from './options.ts';

const entry = (type: string, outputs: Entry['outputs'] | undefined): Entry => ({ type, status: 'ready', id: null, inputs: {}, hash: '', dependsOn: [], token: 't', startedAt: '', ...(outputs ? { outputs } : {}) });
const own = { vpc: entry('AWS::EC2::VPC', { vpcId: 'vpc-1' }), 'subnet-a': entry('AWS::EC2::Subnet', { subnetId: 'subnet-1' }), 'subnet-b': entry('AWS::EC2::Subnet', { subnetId: 'subnet-2' }) };
const given = { vpc: entry('AirflowDeploy::GivenVpc', { vpcId: 'vpc-9' }), 'subnet-a': entry('AirflowDeploy::GivenSubnet', { subnetId: 'subnet-8' }), 'subnet-b': entry('AirflowDeploy::GivenSubnet', { subnetId: 'subnet-9' }) };
const config = (vpcId?: string, ...subnetIds: string[]) => ({ project: 'airflow', vpcId, subnetIds });

test.each([
	['nothing stands', {}, config('vpc-9', 'subnet-8', 'subnet-9')],
	['its making was interrupted', { ...own, vpc: entry('AWS::EC2::VPC', undefined) }, config('vpc-9', 'subnet-8', 'subnet-9')],
	['its own stays', own, config()],
	['the given one stays', given, config('vpc-9', 'subnet-8', 'subnet-9')],
])('%s: no objection', (_, shared, wanted) => {
	expect(() => assertSameNetwork(wanted, shared)).not.toThrow();
});

test.each([
	['another VPC', given, config('vpc-7', 'subnet-8', 'subnet-9'), 'airflow stands in vpc-9 with subnet-8 and subnet-9, and AWS cannot move it to vpc-7 with subnet-8 and subnet-9', 'set AIRFLOW_DEPLOY_VPC_ID=vpc-9 and AIRFLOW_DEPLOY_SUBNET_IDS=subnet-8,subnet-9; or'],
	['another subnet', given, config('vpc-9', 'subnet-8', 'subnet-7'), 'AWS cannot move it to vpc-9 with subnet-8 and subnet-7', 'set AIRFLOW_DEPLOY_VPC_ID=vpc-9'],
	['none is given any more', given, config(), 'AWS cannot move it to a VPC of its own', 'set AIRFLOW_DEPLOY_VPC_ID=vpc-9'],
	['one is given now', own, config('vpc-9', 'subnet-8', 'subnet-9'), 'airflow stands in a VPC of its own, vpc-1, and AWS cannot move it to vpc-9 with subnet-8 and subnet-9', 'unset AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS; or'],
])('%s: refused', (_, shared, wanted, message, hint) => {
	expect(() => assertSameNetwork(wanted, shared)).toThrow(expect.objectContaining({ code: 'NetworkFixed', exit: 2, message: expect.stringContaining(message) as string, hint: expect.stringContaining(hint) as string }) as Error);
});

test('plan and up ask AWS nothing before they refuse', async () => {
	const aws = { account: '000000000000', region: 'us-east-1', partition: 'aws', client: () => { throw new Error('AWS was asked'); } } as unknown as Aws;
	const options = await optionsFor(aws, { VPC_ID: 'vpc-0123456789abcdef9', SUBNET_IDS: 'subnet-0123456789abcdef8,subnet-0123456789abcdef9' });
	const states = new Map([['shared', { header: {}, entries: own }]]);
	for (const goal of ['up', 'deploy'] as const) await expect(stackInputs(options, states, goal)).rejects.toMatchObject({ code: 'NetworkFixed' });
});
