import {
	AllocateAddressCommand,
	AssociateAddressCommand,
	AuthorizeSecurityGroupIngressCommand,
	CreateNetworkInterfaceCommand,
	CreateSecurityGroupCommand,
	DeleteNetworkInterfaceCommand,
	DescribeSecurityGroupRulesCommand,
	EC2Client,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws, CallObserver } from '../../src/aws/clients.ts';
import type { JsonObject } from '../../src/engine/resource.ts';
import { HeldByOther } from '../../src/resources/held.ts';
import { untilInterfacesGone } from '../../src/resources/network-interfaces.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, type Sample, type World, world } from './sample.ts';
import { attachment, ingress, route, securityGroup, subnetA, subnetB, vpc } from './samples-a.ts';

let endpoint: TestEndpoint;
beforeAll(async () => {
	endpoint = await startEndpoint();
}, 60_000);
afterAll(() => endpoint.close());

/** A region for each test: AWS gives five VPCs in one. */
const regions = 'us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-north-1 eu-south-1 ca-central-1 sa-east-1 ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 ap-east-1'.split(' ');

async function newWorld(observe?: CallObserver): Promise<World> {
	return world(await endpoint.clients({ ...(observe ? { observe } : {}), region: regions.pop() ?? '' }));
}

/** The named samples and all that they need, in a world of their own. */
async function made<N extends Record<string, Sample>>(needs: N, given?: World): Promise<{ here: World; aws: Aws; ids: Record<keyof N, string>; outputs: Record<keyof N, JsonObject> }> {
	const here = given ?? (await newWorld());
	const all: Made = [];
	const outputs = (await makeNeeds(here, { kind: vpc.kind, key: 'all', needs, props: () => ({}) }, all)) as Record<keyof N, JsonObject>;
	const ids = Object.fromEntries(Object.entries(needs).map(([name, { kind }]) => [name, kind.id(outputs[name] as JsonObject)])) as Record<keyof N, string>;
	return { here, aws: here.aws, ids, outputs };
}

async function strangeInterface(aws: Aws, subnetId: string, groupId: string, Description = 'somebody else'): Promise<string> {
	const { NetworkInterface } = await aws.client(EC2Client).send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId, Groups: [groupId], Description }));
	return NetworkInterface?.NetworkInterfaceId ?? '';
}

describe.concurrent('what holds an object is named', () => {
	test('a security group, by an interface that is not ours', async () => {
		const { here, aws, ids, outputs } = await made({ securityGroup, subnetA });
		const strange = await strangeInterface(aws, ids.subnetA, ids.securityGroup);
		const error = await securityGroup.kind.remove(contextOf(here, 'security-group'), outputs.securityGroup).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(HeldByOther);
		expect(error).toMatchObject({ code: 'HeldByOther', exit: 3, heldBy: `network interface ${strange} (somebody else, available)` });
		expect((error as Error).message).toMatch(new RegExp(`^security group ${ids.securityGroup} \\(airflow-test\\) cannot be removed: it is held by network interface ${strange} .*, since 20`));
		expect(here.notes).toContainEqual(expect.stringMatching(`^security group ${ids.securityGroup} \\(airflow-test\\) is held by network interface ${strange} \\(somebody else, available\\), for [2-6] s$`));
		expect(await securityGroup.kind.exists(contextOf(here, 'security-group'), outputs.securityGroup)).toBe(true);
	}, 30_000);

	test('a security group, by a rule of another group', async () => {
		const { here, aws, ids, outputs } = await made({ securityGroup, vpc });
		const { GroupId = '' } = await aws.client(EC2Client).send(new CreateSecurityGroupCommand({ GroupName: 'stranger', Description: 'not ours', VpcId: ids.vpc, TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'owner', Value: 'data' }] }] }));
		const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: ids.securityGroup }] };
		await aws.client(EC2Client).send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
		const removal = securityGroup.kind.remove(contextOf(here, 'security-group'), outputs.securityGroup);
		await expect(removal).rejects.toMatchObject({ heldBy: `a rule of security group ${GroupId} (stranger, not ours, tagged owner=data)` });
	}, 30_000);

	test('a VPC, by what is left in it', async () => {
		const { here, ids, outputs } = await made({ vpc, subnetB });
		await expect(vpc.kind.remove(contextOf(here, 'vpc'), outputs.vpc)).rejects.toMatchObject({ heldBy: `subnet ${ids.subnetB} (of environment ${here.scope} of project airflow)` });
	}, 30_000);

	test('an internet gateway, by a public address', async () => {
		const { here, aws, ids, outputs } = await made({ attachment, subnetA, securityGroup });
		const strange = await strangeInterface(aws, ids.subnetA, ids.securityGroup, 'a public server');
		const { AllocationId } = await aws.client(EC2Client).send(new AllocateAddressCommand({}));
		await aws.client(EC2Client).send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: strange }));
		await expect(attachment.kind.remove(contextOf(here, 'attachment'), outputs.attachment)).rejects.toThrow(`held by network interface ${strange} (a public server`);
	}, 30_000);

	test('a subnet waits while the interface of a task is going', async () => {
		const { here, aws, ids, outputs } = await made({ subnetA, securityGroup });
		const description = `arn:aws:ecs:${aws.region}:${aws.account}:attachment/8f1d`;
		const going = await strangeInterface(aws, ids.subnetA, ids.securityGroup, description);
		const removal = subnetA.kind.remove(contextOf(here, 'subnet-a'), outputs.subnetA);
		await expect.poll(() => here.notes, { timeout: 10_000 }).toContainEqual(expect.stringMatching(new RegExp(`^subnet ${ids.subnetA} is held by network interface ${going} \\(an ECS task, ${description}, available\\), for \\d+ s$`)));
		await aws.client(EC2Client).send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: going }));
		await removal;
		expect(await subnetA.kind.exists(contextOf(here, 'subnet-a'), outputs.subnetA)).toBe(false);
	}, 30_000);

	test('with less patience, sooner', async () => {
		const { here, aws, ids } = await made({ subnetA, securityGroup });
		const strange = await strangeInterface(aws, ids.subnetA, ids.securityGroup, 'EFS mount target for fs-1 (fsmt-1)');
		const waiting = untilInterfacesGone(contextOf(here, 'any'), [{ Name: 'group-id', Values: [ids.securityGroup] }], 'the group', { stranger: 0.1, late: 60 });
		await expect(waiting).rejects.toThrow(`the group cannot be removed: it is held by network interface ${strange} (a mount target, EFS mount target for fs-1 (fsmt-1), available)`);
	});
});

describe('only ours', () => {
	test.each([vpc, subnetA, securityGroup])('$key of another nonce is left', async (sample) => {
		const { aws, outputs } = await made({ object: sample });
		const stranger = contextOf(world(aws), sample.key);
		await expect(sample.kind.remove(stranger, outputs.object)).rejects.toMatchObject({ code: 'ForeignObject' });
		expect(await sample.kind.exists(stranger, outputs.object)).toBe(true);
	});

	test('a superseded object is not found', async () => {
		const { here, ids } = await made({ vpc });
		const ctx = contextOf(here, 'vpc');
		expect(await vpc.kind.find(ctx, { cidr: '10.0.0.0/16' }, undefined)).toEqual({ vpcId: ids.vpc });
		expect(await vpc.kind.find({ ...ctx, superseded: new Set([ids.vpc]) }, { cidr: '10.0.0.0/16' }, undefined)).toBeUndefined();
	});

	test('a taken group name is a foreign object', async () => {
		const { here, aws, ids } = await made({ vpc });
		await aws.client(EC2Client).send(new CreateSecurityGroupCommand({ GroupName: 'airflow-web', Description: 'not ours', VpcId: ids.vpc }));
		const props = { vpcId: ids.vpc, name: 'airflow-web', description: 'ours' };
		await expect(securityGroup.kind.find(contextOf(here, 'security-group'), props, undefined)).rejects.toMatchObject({ code: 'ForeignObject' });
	});
});

describe('ingress', () => {
	const rulesOf = async (aws: Aws, groupId: string): Promise<string[]> => {
		const { SecurityGroupRules } = await aws.client(EC2Client).send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] }));
		return (SecurityGroupRules ?? []).filter(({ IsEgress }) => IsEgress === false).map((rule) => rule.CidrIpv4 ?? '').sort((a, b) => a.localeCompare(b));
	};
	const allow = async (aws: Aws, GroupId: string, CidrIp: string): Promise<void> => {
		await aws.client(EC2Client).send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp }] }] }));
	};

	test('a rule that is there already counts as made', async () => {
		const { here, aws, ids } = await made({ securityGroup });
		await allow(aws, ids.securityGroup, '192.0.2.7/32');
		const props = { groupId: ids.securityGroup, port: 8080, from: { cidrs: ['198.51.100.0/24', '192.0.2.7/32'] } };
		expect(await ingress.kind.create(contextOf(here, 'ingress'), props)).toMatchObject({ peers: ['192.0.2.7/32', '198.51.100.0/24'] });
	});

	test('changed ranges: new ones in before old ones out, those of others stay', async () => {
		const calls: string[] = [];
		const { here, aws, ids, outputs } = await made({ securityGroup, ingress }, await newWorld(({ operation }) => void calls.push(operation)));
		await allow(aws, ids.securityGroup, '203.0.113.200/32');
		calls.length = 0;
		const props = { groupId: ids.securityGroup, port: 8080, from: { cidrs: ['203.0.113.9/32', '198.51.100.0/24'] } };
		const updated = await ingress.kind.update?.(contextOf(here, 'ingress'), props, outputs.ingress);
		expect(updated).toMatchObject({ peers: ['198.51.100.0/24', '203.0.113.9/32'] });
		expect(calls.filter((name) => !name.startsWith('Describe'))).toEqual(['AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress']);
		expect(await rulesOf(aws, ids.securityGroup)).toEqual(['198.51.100.0/24', '203.0.113.200/32', '203.0.113.9/32']);
		await ingress.kind.remove(contextOf(here, 'ingress'), updated as JsonObject);
		expect(await rulesOf(aws, ids.securityGroup)).toEqual(['203.0.113.200/32']);
	});

	test('ranges are compared as EC2 records them', () => {
		const props = { groupId: 'sg-1', port: 8080, from: { cidrs: ['203.0.113.77/24', '10.255.255.255/8', '203.0.113.0/24'] } };
		expect(ingress.kind.matches?.(props, { groupId: 'sg-1', port: 8080, peers: ['10.0.0.0/8', '203.0.113.0/24'], ruleIds: [] })).toBe(true);
	});

	test('from the members of another group', async () => {
		const { here, ids } = await made({ securityGroup });
		const props = { groupId: ids.securityGroup, port: 5432, from: { groupId: ids.securityGroup } };
		const ctx = contextOf(here, 'ingress');
		const outputs = await ingress.kind.create(ctx, props);
		expect(outputs).toMatchObject({ peers: [ids.securityGroup] });
		expect(await ingress.kind.find(ctx, props, undefined)).toEqual(outputs);
	});
});

test('what was created a moment ago may be unknown for a while', async () => {
	let refusals = 0;
	const here = await newWorld(({ operation }) => {
		if (operation !== 'CreateRoute' || refusals > 0) return;
		refusals += 1;
		throw Object.assign(new Error('The routeTable ID does not exist'), { name: 'InvalidRouteTableID.NotFound' });
	});
	const { outputs } = await made({ route }, here);
	expect(refusals).toBe(1);
	expect(await route.kind.exists(contextOf(here, 'route'), outputs.route)).toBe(true);
});
