import { CreateRouteCommand, DeleteRouteCommand, EC2Client, ReplaceRouteCommand, type Route as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn, notYetVisible } from './ec2.ts';
import { grantsObject } from './ownership.ts';
import { retrying } from './retrying.ts';
import { describeRouteTable } from './route-table.ts';
import { ignoring } from './support.ts';

type RouteProps = { routeTableId: string; cidr: string; internetGatewayId: string };

/** A route to an internet gateway. Untagged: its identity is its table and its destination. */
export const Route = defineResource<Aws, RouteProps, RouteProps>({
	type: 'AWS::EC2::Route',
	standsOn: ['AWS::EC2::RouteTable'],
	immutable: ['routeTableId', 'cidr'],
	permissions: [
		{ actions: ['ec2:DescribeRouteTables'], on: ['*'] },
		{ actions: ['ec2:CreateRoute', 'ec2:ReplaceRoute'], on: [ec2Arn('route-table')], for: 'up', condition: grantsObject },
		{ actions: ['ec2:DeleteRoute'], on: [ec2Arn('route-table')], condition: grantsObject },
	],

	id: ({ routeTableId, cidr }) => `${routeTableId}|${cidr}`,

	async find(ctx, props) {
		const route = await describe(ctx, props);
		return route && { ...props, internetGatewayId: route.GatewayId ?? '' };
	},

	async create(ctx, props) {
		await retrying(ctx, () => ctx.aws.client(EC2Client).send(new CreateRouteCommand(request(props))), notYetVisible);
		return props;
	},

	matches: (props, { internetGatewayId }) => props.internetGatewayId === internetGatewayId,

	async update(ctx, props) {
		await ctx.aws.client(EC2Client).send(new ReplaceRouteCommand(request(props)));
		return props;
	},

	async remove(ctx, { routeTableId, cidr }) {
		const command = new DeleteRouteCommand({ RouteTableId: routeTableId, DestinationCidrBlock: cidr });
		await ignoring(['InvalidRoute.NotFound', 'InvalidRouteTableID.NotFound'], ctx.aws.client(EC2Client).send(command));
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

function request({ routeTableId, cidr, internetGatewayId }: RouteProps): { RouteTableId: string; DestinationCidrBlock: string; GatewayId: string } {
	return { RouteTableId: routeTableId, DestinationCidrBlock: cidr, GatewayId: internetGatewayId };
}

async function describe(ctx: Context<Aws>, { routeTableId, cidr }: RouteProps): Promise<Description | undefined> {
	const table = await describeRouteTable(ctx, routeTableId);
	return table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === cidr);
}
