import { CreateRouteTableCommand, DeleteRouteTableCommand, DescribeRouteTablesCommand, EC2Client, type RouteTable as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { byIdentity, ec2Grants, notYetVisible, specification, tagEc2 } from './ec2.ts';
import { removeWhenFree } from './held.ts';
import { assertOurs } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, required } from './support.ts';

type Props = { vpcId: string };
type Outputs = { routeTableId: string };

export const RouteTable = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::RouteTable',
	immutable: ['vpcId'],
	permissions: ec2Grants({ type: 'route-table', create: 'CreateRouteTable', describe: ['DescribeRouteTables'], remove: 'DeleteRouteTable', within: ['vpc'] }),

	id: ({ routeTableId }) => routeTableId,

	async find(ctx) {
		const { RouteTables } = await ctx.aws.client(EC2Client).send(new DescribeRouteTablesCommand({ Filters: byIdentity(ctx) }));
		const table = RouteTables?.find(({ RouteTableId }) => !ctx.superseded.has(required(RouteTableId)));
		return table && { routeTableId: required(table.RouteTableId) };
	},

	async create(ctx, { vpcId }) {
		const command = new CreateRouteTableCommand({ VpcId: vpcId, ClientToken: ctx.token, TagSpecifications: specification(ctx, 'route-table') });
		const { RouteTable } = await retrying(ctx, () => ctx.aws.client(EC2Client).send(command), notYetVisible);
		return { routeTableId: required(RouteTable?.RouteTableId) };
	},

	tag: tagEc2(({ routeTableId }) => [routeTableId]),

	async remove(ctx, outputs) {
		const table = await describeRouteTable(ctx, outputs.routeTableId);
		if (!table) return;
		const what = `route table ${outputs.routeTableId}`;
		assertOurs(ctx, what, table.Tags);
		await removeWhenFree(
			ctx,
			what,
			async () => ((await describeRouteTable(ctx, outputs.routeTableId))?.Associations ?? []).map(({ SubnetId }) => ({ what: `its association with ${SubnetId}`, goesAway: false })),
			() => ignoring(['InvalidRouteTableID.NotFound'], ctx.aws.client(EC2Client).send(new DeleteRouteTableCommand({ RouteTableId: outputs.routeTableId }))),
		);
	},

	exists: async (ctx, { routeTableId }) => (await describeRouteTable(ctx, routeTableId)) !== undefined,
});

/** The table with its routes and associations, which have no describe of their own. */
export async function describeRouteTable(ctx: Context<Aws>, routeTableId: string): Promise<Description | undefined> {
	const answer = await ignoring(['InvalidRouteTableID.NotFound'], ctx.aws.client(EC2Client).send(new DescribeRouteTablesCommand({ RouteTableIds: [routeTableId] })));
	return answer?.RouteTables?.[0];
}
