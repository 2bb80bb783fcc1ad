import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateSubnetCommand, CreateVpcCommand, DeleteSubnetCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { up } from '../../src/engine/engine.ts';
import { recover } from '../../src/environment/recover.ts';
import { holding, readStates } from '../../src/environment/session.ts';
import { tearDown } from '../../src/environment/teardown.ts';
import { stackInputs } from '../../src/environment/wanted.ts';
import { mainStack } from '../../src/stacks/main.ts';
import { sharedStack } from '../../src/stacks/shared.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor, temporaryDirectory, type TestOptions } from './options.ts';

let endpoint: TestEndpoint;
let refuse: (operation: string) => boolean = () => false;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({
		observe({ operation }) {
			if (refuse(operation)) throw Object.assign(new Error('not now'), { name: 'RefusedByTest' });
		},
	});
}, 60_000);
afterAll(() => endpoint.close());

/** One object with all that it needs: of the webserver's task definition no container runs. */
function bringUpOnly(key: string, options: TestOptions) {
	return holding(options, async (held) => {
		const inputs = await stackInputs(options, held.run.states, 'up');
		const { stack, shared } = sharedStack(inputs);
		return up([stack, mainStack(inputs, shared)], { ...held.run, settle: { unclear: 0, missing: 0, pause: 0 } }, { keys: [key], removesOthers: false });
	});
}

async function revisions(): Promise<string[]> {
	const { taskDefinitionArns = [] } = await aws.client(ECSClient).send(new ListTaskDefinitionsCommand({}));
	return taskDefinitionArns.map((arn) => arn.split('/').at(-1) ?? '');
}

test('a record lost in the middle of a replacement is rebuilt: the newest revision counts, the older one goes', async () => {
	const cwd = temporaryDirectory();
	const first = await optionsFor(aws, {}, cwd);
	expect((await bringUpOnly('task-definition-webserver', first)).failed).toEqual(new Map());

	const second = await optionsFor(aws, { WEBSERVER_CPU: '2048', WEBSERVER_MEMORY: '4096' }, cwd);
	refuse = (operation) => operation === 'DeregisterTaskDefinition';
	expect([...(await bringUpOnly('task-definition-webserver', second)).failed.keys()]).toEqual(['task-definition-webserver~1']);
	refuse = () => false;
	const before = [...(await readStates(second)).values()].flatMap(({ entries }) => Object.values(entries).flatMap(({ id }) => id ?? []));
	expect(await revisions()).toEqual(['airflow-main-webserver:1', 'airflow-main-webserver:2']);

	await rm(join(cwd, '.airflow-deploy'), { recursive: true });
	await recover(second);
	const { entries = {} } = (await readStates(second)).get('main') ?? {};
	expect(entries['task-definition-webserver']).toMatchObject({ id: 'airflow-main-webserver:2', status: 'created' });
	expect(entries['task-definition-webserver~1']).toMatchObject({ id: 'airflow-main-webserver:1', status: 'superseded' });
	const recovered = [...(await readStates(second)).values()].flatMap(({ entries }) => Object.values(entries).flatMap(({ id }) => id ?? []));
	expect(recovered.toSorted()).toEqual(before.toSorted());

	// What was recovered is as wanted: nothing is registered anew, so no service is deployed.
	expect((await bringUpOnly('task-definition-webserver', second)).failed).toEqual(new Map());
	expect(await revisions()).toEqual(['airflow-main-webserver:2']);
	expect(await tearDown(second)).toMatchObject({ left: [] });
	expect(await revisions()).toEqual([]);
}, 120_000);

test('what stands in a given network is found again, and the network is left alone', async () => {
	const ec2 = aws.client(EC2Client);
	const vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.3.0.0/16' }))).Vpc?.VpcId ?? '';
	const subnet = async (zone: string, CidrBlock: string) => (await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock, AvailabilityZone: `eu-central-1${zone}` }))).Subnet?.SubnetId ?? '';
	const subnets = [await subnet('a', '10.3.0.0/24'), await subnet('b', '10.3.1.0/24')];
	const options = await optionsFor(aws, { VPC_ID: vpcId, SUBNET_IDS: subnets.join() });
	expect((await bringUpOnly('anchor', options)).failed).toEqual(new Map());
	expect((await bringUpOnly('mount-target-a', options)).failed).toEqual(new Map());
	await rm(join(options.cwd, '.airflow-deploy'), { recursive: true });
	await recover(options);
	const { entries = {} } = (await readStates(options)).get('shared') ?? {};
	expect(entries).toMatchObject({ vpc: { status: 'ready', outputs: { vpcId } }, 'mount-target-a': { outputs: { subnetId: subnets[0] } } });
	expect(await tearDown(options)).toMatchObject({ left: [] });
	for (const SubnetId of subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
}, 120_000);
