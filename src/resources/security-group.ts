import { CreateSecurityGroupCommand, DeleteSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client, type SecurityGroup as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { byIdentity, ec2Grants, filter, notYetVisible, specification, tagEc2 } from './ec2.ts';
import { described, type Holder, removeWhenFree, tagsText } from './held.ts';
import { holderGrants, interfaceHolders } from './network-interfaces.ts';
import { assertOurs } from './ownership.ts';
import { retrying } from './retrying.ts';
import { foreign, ignoring, isOurs, required, until } from './support.ts';

/** Name and description: up to 255 of `a-zA-Z0-9 ._-:/()#,@[]+=&;{}!$*`; the name must not begin with `sg-`. */
type Props = { vpcId: string; name: string; description: string };
type Outputs = { groupId: string };

/** A group with AWS's default egress (all IPv4); ingress rules are objects of their own. */
export const SecurityGroup = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::SecurityGroup',
	immutable: ['vpcId', 'name', 'description'],
	collides: true,
	replacement: 'delete-first',
	permissions: [...ec2Grants({ type: 'security-group', create: 'CreateSecurityGroup', describe: ['DescribeSecurityGroups'], remove: 'DeleteSecurityGroup', within: ['vpc'] }), ...holderGrants],

	id: ({ groupId }) => groupId,

	async find(ctx, { vpcId, name }) {
		const ec2 = ctx.aws.client(EC2Client);
		const { SecurityGroups: ours } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: byIdentity(ctx) }));
		const group = ours?.find(({ GroupId }) => !ctx.superseded.has(required(GroupId)));
		if (group) return { groupId: required(group.GroupId) };
		const { SecurityGroups: named } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [filter('vpc-id', vpcId), filter('group-name', name)] }));
		if (named?.some(({ GroupId, Tags }) => !ctx.superseded.has(required(GroupId)) && !isOurs(ctx, Tags))) throw foreign('security group', name);
		return undefined;
	},

	// No client token: a second call would meet the first one's name (InvalidGroup.Duplicate), and the group is then found.
	async create(ctx, { vpcId, name, description }) {
		const command = new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: name, Description: description, TagSpecifications: specification(ctx, 'security-group') });
		const { GroupId } = await retrying(ctx, () => ctx.aws.client(EC2Client).send(command), notYetVisible);
		return { groupId: required(GroupId) };
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs)) !== undefined, 'security group to become visible');
		return outputs;
	},

	tag: tagEc2(({ groupId }) => [groupId]),

	async remove(ctx, outputs) {
		const group = await describe(ctx, outputs);
		if (!group) return;
		const what = `security group ${outputs.groupId} (${group.GroupName})`;
		assertOurs(ctx, what, group.Tags);
		await removeWhenFree(
			ctx,
			what,
			() => holders(ctx, outputs),
			() => ignoring(['InvalidGroup.NotFound'], ctx.aws.client(EC2Client).send(new DeleteSecurityGroupCommand({ GroupId: outputs.groupId }))),
		);
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

async function describe(ctx: Context<Aws>, { groupId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(['InvalidGroup.NotFound'], ctx.aws.client(EC2Client).send(new DescribeSecurityGroupsCommand({ GroupIds: [groupId] })));
	return answer?.SecurityGroups?.[0];
}

/** Network interfaces with the group, and rules of other groups that name it as their peer. */
async function holders(ctx: Context<Aws>, { groupId }: Outputs): Promise<Holder[]> {
	const naming = async (name: string): Promise<Description[]> => {
		const { SecurityGroups } = await ctx.aws.client(EC2Client).send(new DescribeSecurityGroupsCommand({ Filters: [filter(name, groupId)] }));
		return (SecurityGroups ?? []).filter(({ GroupId }) => GroupId !== groupId);
	};
	const [interfaces, ingress, egress] = await Promise.all([
		interfaceHolders(ctx, [filter('group-id', groupId)]),
		naming('ip-permission.group-id'),
		naming('egress.ip-permission.group-id'),
	]);
	return [...interfaces, ...[...ingress, ...egress].map(({ GroupId, GroupName, Description, Tags }) => ({ what: described(`a rule of security group ${GroupId}`, GroupName, Description, tagsText(Tags)), goesAway: false }))];
}
