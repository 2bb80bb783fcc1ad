import {
	AuthorizeSecurityGroupIngressCommand,
	DescribeSecurityGroupRulesCommand,
	EC2Client,
	type IpPermission,
	RevokeSecurityGroupIngressCommand,
	type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn, filter, notYetVisible, retagGrants, specification, tagEc2 } from './ec2.ts';
import { grantsObject, grantsRequest, nonceOf } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, isOurs, required } from './support.ts';

/** TCP on one port, from IPv4 ranges or from the members of another group. */
type Props = { groupId: string; port: number; from: { cidrs: string[] } | { groupId: string } };
/** `peers`: the ranges or the group let in, sorted. AWS makes one rule for each. */
type Outputs = { groupId: string; port: number; peers: string[]; ruleIds: string[] };

export const SecurityGroupIngress = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::SecurityGroupIngress',
	standsOn: ['AWS::EC2::SecurityGroup'],
	immutable: ['groupId', 'port'],
	collides: true,
	permissions: [
		{ actions: ['ec2:DescribeSecurityGroupRules'], on: ['*'] },
		{ actions: ['ec2:AuthorizeSecurityGroupIngress'], on: [ec2Arn('security-group')], for: 'up', condition: grantsObject },
		{ actions: ['ec2:AuthorizeSecurityGroupIngress'], on: [ec2Arn('security-group-rule')], for: 'up', condition: grantsRequest },
		{ actions: ['ec2:CreateTags'], on: [ec2Arn('security-group-rule')], for: 'up', condition: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } } },
		...retagGrants('security-group-rule'),
		{ actions: ['ec2:RevokeSecurityGroupIngress'], on: [ec2Arn('security-group'), ec2Arn('security-group-rule')], condition: grantsObject },
	],

	id: ({ groupId, port, ruleIds }) => ruleIds[0] ?? `${groupId}|${port}`,

	async find(ctx, props) {
		const rules = await ours(ctx, props);
		return rules.length === 0 ? undefined : outputsOf(props, rules);
	},

	async create(ctx, props) {
		const made: (SecurityGroupRule[] | undefined)[] = [];
		for (const peer of wanted(props)) made.push(await authorize(ctx, props, peer));
		return outputsOf(props, made.includes(undefined) ? await ours(ctx, props) : made.flatMap((rules) => rules ?? []));
	},

	matches: (props, { peers }) => wanted(props).join() === peers.join(),

	/** New peers first, so that nobody who stays is locked out for a moment. */
	async update(ctx, props, { peers }) {
		const want = wanted(props);
		for (const peer of want.filter((each) => !peers.includes(each))) await authorize(ctx, props, peer);
		const rules = await ours(ctx, props);
		await revoke(ctx, props.groupId, rules.filter((rule) => !want.includes(peerOf(rule))));
		return outputsOf(props, rules.filter((rule) => want.includes(peerOf(rule))));
	},

	tag: tagEc2(({ ruleIds }) => ruleIds),

	async remove(ctx, outputs) {
		await revoke(ctx, outputs.groupId, await recorded(ctx, outputs));
	},

	exists: async (ctx, outputs) => (await recorded(ctx, outputs)).length > 0,

	async siblings(ctx) {
		const command = new DescribeSecurityGroupRulesCommand({ Filters: [filter('tag:airflow-deploy:nonce', nonceOf(ctx))] });
		const { SecurityGroupRules } = await ctx.aws.client(EC2Client).send(command);
		return (SecurityGroupRules ?? []).map(({ SecurityGroupRuleId }) => required(SecurityGroupRuleId));
	},
});

function wanted({ from }: Props): string[] {
	return 'cidrs' in from ? [...new Set(from.cidrs.map(network))].sort() : [from.groupId];
}

/** EC2 records `10.1.2.3/16` as `10.1.0.0/16`. */
function network(cidr: string): string {
	const [address = '', length = '32'] = cidr.split('/');
	const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
	const size = 2 ** (32 - Number(length));
	const first = bits - (bits % size);
	return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${length}`;
}

function outputsOf({ groupId, port }: Props, rules: readonly SecurityGroupRule[]): Outputs {
	const sorted = rules.toSorted((a, b) => (peerOf(a) < peerOf(b) ? -1 : 1));
	return { groupId, port, peers: sorted.map(peerOf), ruleIds: sorted.map((rule) => required(rule.SecurityGroupRuleId)) };
}

function peerOf({ CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: SecurityGroupRule): string {
	return CidrIpv4 ?? ReferencedGroupInfo?.GroupId ?? CidrIpv6 ?? PrefixListId ?? '';
}

/**
 * One rule a call: a call with several fails as a whole when one of them is there already.
 * @returns what was made; undefined where it was there
 */
async function authorize(ctx: Context<Aws>, { groupId, port, from }: Props, peer: string): Promise<SecurityGroupRule[] | undefined> {
	const source: IpPermission = 'cidrs' in from ? { IpRanges: [{ CidrIp: peer }] } : { UserIdGroupPairs: [{ GroupId: peer }] };
	const command = new AuthorizeSecurityGroupIngressCommand({
		GroupId: groupId,
		IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, ...source }],
		TagSpecifications: specification(ctx, 'security-group-rule'),
	});
	const answer = await retrying(ctx, () => ignoring(['InvalidPermission.Duplicate'], ctx.aws.client(EC2Client).send(command)), notYetVisible);
	return answer?.SecurityGroupRules;
}

async function revoke(ctx: Context<Aws>, groupId: string, rules: readonly SecurityGroupRule[]): Promise<void> {
	if (rules.length === 0) return;
	const SecurityGroupRuleIds = rules.map((rule) => required(rule.SecurityGroupRuleId));
	await ignoring(
		['InvalidGroup.NotFound', 'InvalidSecurityGroupRuleId.NotFound', 'InvalidPermission.NotFound'],
		ctx.aws.client(EC2Client).send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds })),
	);
}

/** Rules on our port that carry our tags or let in a wanted peer; rules that someone else added stay theirs. */
async function ours(ctx: Context<Aws>, props: Props): Promise<SecurityGroupRule[]> {
	const want = wanted(props);
	return (await rulesOf(ctx, props)).filter((rule) => isOurs(ctx, rule.Tags) || want.includes(peerOf(rule)));
}

async function recorded(ctx: Context<Aws>, outputs: Outputs): Promise<SecurityGroupRule[]> {
	return (await rulesOf(ctx, outputs)).filter((rule) => isOurs(ctx, rule.Tags) || outputs.ruleIds.includes(required(rule.SecurityGroupRuleId)));
}

async function rulesOf(ctx: Context<Aws>, { groupId, port }: Pick<Props, 'groupId' | 'port'>): Promise<SecurityGroupRule[]> {
	const command = new DescribeSecurityGroupRulesCommand({ Filters: [filter('group-id', groupId)] });
	const answer = await ignoring(['InvalidGroup.NotFound'], ctx.aws.client(EC2Client).send(command));
	return (answer?.SecurityGroupRules ?? []).filter((rule) => rule.IsEgress === false && rule.IpProtocol === 'tcp' && rule.FromPort === port && rule.ToPort === port);
}
