import {
	AssociateRouteTableCommand,
	DescribeRouteTablesCommand,
	DisassociateRouteTableCommand,
	EC2Client,
	ReplaceRouteTableAssociationCommand,
	type RouteTableAssociation,
} from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn, filter, notYetVisible } from './ec2.ts';
import { retrying } from './retrying.ts';
import { describeRouteTable } from './route-table.ts';
import { ignoring, required } from './support.ts';

type Props = { subnetId: string; routeTableId: string };
type Outputs = { associationId: string; subnetId: string; routeTableId: string };

/** Untagged: its identity is its subnet, which has at most one. */
export const SubnetRouteTableAssociation = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::SubnetRouteTableAssociation',
	standsOn: ['AWS::EC2::Subnet', 'AWS::EC2::RouteTable'],
	immutable: ['subnetId'],
	permissions: [
		{ actions: ['ec2:DescribeRouteTables'], on: ['*'] },
		{ actions: ['ec2:AssociateRouteTable', 'ec2:ReplaceRouteTableAssociation'], on: [ec2Arn('route-table'), ec2Arn('subnet')], for: 'up' },
		{ actions: ['ec2:DisassociateRouteTable'], on: [ec2Arn('route-table'), ec2Arn('subnet')] },
	],

	id: ({ associationId }) => associationId,

	async find(ctx, { subnetId }) {
		const found = await describe(ctx, subnetId);
		return found && { associationId: required(found.RouteTableAssociationId), subnetId, routeTableId: required(found.RouteTableId) };
	},

	async create(ctx, { subnetId, routeTableId }) {
		const command = new AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: routeTableId });
		const { AssociationId } = await retrying(ctx, () => ctx.aws.client(EC2Client).send(command), notYetVisible);
		return { associationId: required(AssociationId), subnetId, routeTableId };
	},

	matches: (props, { routeTableId }) => props.routeTableId === routeTableId,

	async update(ctx, { subnetId, routeTableId }, { associationId }) {
		const command = new ReplaceRouteTableAssociationCommand({ AssociationId: associationId, RouteTableId: routeTableId });
		const { NewAssociationId } = await ctx.aws.client(EC2Client).send(command);
		return { associationId: required(NewAssociationId), subnetId, routeTableId };
	},

	async remove(ctx, { associationId }) {
		await ignoring(['InvalidAssociationID.NotFound'], ctx.aws.client(EC2Client).send(new DisassociateRouteTableCommand({ AssociationId: associationId })));
	},

	async exists(ctx, { associationId, routeTableId }) {
		const table = await describeRouteTable(ctx, routeTableId);
		return table?.Associations?.some(({ RouteTableAssociationId }) => RouteTableAssociationId === associationId) === true;
	},
});

async function describe(ctx: Context<Aws>, subnetId: string): Promise<RouteTableAssociation | undefined> {
	const { RouteTables } = await ctx.aws.client(EC2Client).send(new DescribeRouteTablesCommand({ Filters: [filter('association.subnet-id', subnetId)] }));
	return RouteTables?.[0]?.Associations?.find((each) => each.SubnetId === subnetId && each.AssociationState?.State !== 'disassociated');
}
