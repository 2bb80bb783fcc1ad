import {
	CreateDBSubnetGroupCommand,
	type DBSubnetGroup,
	DeleteDBSubnetGroupCommand,
	DescribeDBInstancesCommand,
	DescribeDBSubnetGroupsCommand,
	ListTagsForResourceCommand,
	ModifyDBSubnetGroupCommand,
	RDSClient,
	type Tag,
} from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { canonical } from './canonical.ts';
import { described, type Holder, removeWhenFree, tagsText } from './held.ts';
import { carriesNonce } from './ownership.ts';
import { tagRds } from './rds.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, ignoring, isOurs, required, tagList, until } from './support.ts';

type Props = { name: string; description: string; subnetIds: string[] };
type Outputs = { name: string; arn: string; subnetIds: string[] };

const groups = ['arn:{partition}:rds:{region}:{account}:subgrp:{project}-*'];

export const DbSubnetGroup = defineResource<Aws, Props, Outputs>({
	type: 'AWS::RDS::DBSubnetGroup',
	immutable: ['name'],
	replacement: 'delete-first',
	permissions: [
		{ actions: ['rds:DescribeDBSubnetGroups', 'rds:ListTagsForResource'], on: groups },
		{ actions: ['rds:CreateDBSubnetGroup', 'rds:ModifyDBSubnetGroup', 'rds:AddTagsToResource', 'rds:RemoveTagsFromResource'], on: groups, for: 'up' },
		{ actions: ['rds:DeleteDBSubnetGroup'], on: groups, for: 'teardown' },
		// Whose databases are in it.
		{ actions: ['rds:DescribeDBInstances'], on: ['arn:{partition}:rds:{region}:{account}:db:*'], for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const group = await describe(ctx, name);
		if (group && !isOurs(ctx, await tagsOf(ctx, group))) throw foreign('the DB subnet group', name);
		return group && outputsOf(group);
	},

	async create(ctx, { name, description, subnetIds }) {
		const create = new CreateDBSubnetGroupCommand({ DBSubnetGroupName: name, DBSubnetGroupDescription: description, SubnetIds: subnetIds, Tags: tagList(ctx.tags) });
		const { DBSubnetGroup } = await retrying(ctx, () => ctx.aws.client(RDSClient).send(create), serviceLinkedRolePending);
		return outputsOf(required(DBSubnetGroup));
	},

	matches: (props, { subnetIds }) => canonical(props.subnetIds.toSorted()) === canonical(subnetIds),

	async update(ctx, { name, description, subnetIds }) {
		const modify = new ModifyDBSubnetGroupCommand({ DBSubnetGroupName: name, DBSubnetGroupDescription: description, SubnetIds: subnetIds });
		const { DBSubnetGroup } = await ctx.aws.client(RDSClient).send(modify);
		return outputsOf(required(DBSubnetGroup));
	},

	tag: tagRds,

	async remove(ctx, { name }) {
		const group = await describe(ctx, name);
		if (!group || !carriesNonce(ctx, await tagsOf(ctx, group))) return;
		await removeWhenFree(
			ctx,
			`DB subnet group ${name}`,
			() => instancesIn(ctx, name),
			() => ignoring(['DBSubnetGroupNotFoundFault'], ctx.aws.client(RDSClient).send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: name }))),
		);
		await until(ctx, async () => (await describe(ctx, name)) === undefined, `DB subnet group ${name} to be deleted`);
	},

	async exists(ctx, { name }) {
		const group = await describe(ctx, name);
		return group !== undefined && carriesNonce(ctx, await tagsOf(ctx, group));
	},
});

/** An instance that is still being deleted uses it. */
async function instancesIn(ctx: Context<Aws>, name: string): Promise<Holder[]> {
	const { DBInstances } = await ctx.aws.client(RDSClient).send(new DescribeDBInstancesCommand({}));
	const inside = (DBInstances ?? []).filter(({ DBSubnetGroup }) => DBSubnetGroup?.DBSubnetGroupName === name);
	return inside.map(({ DBInstanceIdentifier, DBInstanceStatus, TagList }) => ({
		what: described(`database ${DBInstanceIdentifier}`, DBInstanceStatus, tagsText(TagList)),
		goesAway: DBInstanceStatus === 'deleting',
	}));
}

async function describe(ctx: Context<Aws>, name: string): Promise<DBSubnetGroup | undefined> {
	const answer = await ignoring(['DBSubnetGroupNotFoundFault'], ctx.aws.client(RDSClient).send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: name })));
	return answer?.DBSubnetGroups?.[0];
}

async function tagsOf(ctx: Context<Aws>, { DBSubnetGroupArn }: DBSubnetGroup): Promise<Tag[] | undefined> {
	const answer = await ignoring(['DBSubnetGroupNotFoundFault'], ctx.aws.client(RDSClient).send(new ListTagsForResourceCommand({ ResourceName: required(DBSubnetGroupArn) })));
	return answer?.TagList;
}

function outputsOf({ DBSubnetGroupName, DBSubnetGroupArn, Subnets }: DBSubnetGroup): Outputs {
	const subnetIds = (Subnets ?? []).map(({ SubnetIdentifier }) => required(SubnetIdentifier)).toSorted();
	return { name: required(DBSubnetGroupName), arn: required(DBSubnetGroupArn), subnetIds };
}
