import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { GivenSubnet, GivenVpc } from '../resources/given-network.ts';
import { InternetGateway } from '../resources/internet-gateway.ts';
import { InternetGatewayAttachment } from '../resources/internet-gateway-attachment.ts';
import { Route } from '../resources/route.ts';
import { RouteTable } from '../resources/route-table.ts';
import { Subnet } from '../resources/subnet.ts';
import { SubnetRouteTableAssociation } from '../resources/subnet-route-table-association.ts';
import { Vpc } from '../resources/vpc.ts';
import { VpcDns } from '../resources/vpc-dns.ts';
import type { StackInputs } from './inputs.ts';

export interface Network {
	vpc: Node<{ vpcId: string }>;
	/** Two, in two zones: RDS and EFS ask for that. */
	subnets: { subnetA: Node<{ subnetId: string }>; subnetB: Node<{ subnetId: string }> };
	/** What a task needs, beside its subnets, to reach the internet and EFS's DNS name. */
	routes: Record<string, Node>;
}

/**
 * The network of all environments: our own, or the one that the user gave.
 * @param after what must stand before the first object is made
 */
export function addNetwork(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): Network {
	const { vpcId, subnetIds } = inputs.config;
	if (vpcId !== undefined) return givenNetwork(stack, vpcId, subnetIds);
	if (!inputs.zones) throw new Error('a network of our own needs zones');
	return ownNetwork(stack, inputs.zones, after);
}

function ownNetwork(stack: Stack<Aws>, [zoneA, zoneB]: readonly [string, string], after: Record<string, Node>): Network {
	const vpc = stack.add(Vpc, 'vpc', after, () => ({ cidr: '10.0.0.0/16' }));
	const dns = stack.add(VpcDns, 'vpc-dns', { vpc }, ({ vpc }) => vpc);
	const gateway = stack.add(InternetGateway, 'internet-gateway', after, () => ({}));
	const attachment = stack.add(InternetGatewayAttachment, 'internet-gateway-attachment', { vpc, gateway }, ({ vpc, gateway }) => ({ ...vpc, ...gateway }));
	const table = stack.add(RouteTable, 'route-table', { vpc }, ({ vpc }) => vpc);
	const route = stack.add(Route, 'route-internet', { table, gateway, attachment }, ({ table, gateway }) => ({ ...table, ...gateway, cidr: '0.0.0.0/0' }));

	const subnet = (letter: 'a' | 'b', cidr: string, zone: string) => {
		const node = stack.add(Subnet, `subnet-${letter}`, { vpc }, ({ vpc }) => ({ ...vpc, cidr, zone }));
		const association = stack.add(SubnetRouteTableAssociation, `subnet-${letter}-routes`, { node, table }, ({ node, table }) => ({
			subnetId: node.subnetId,
			routeTableId: table.routeTableId,
		}));
		return { node, association };
	};
	const a = subnet('a', '10.0.0.0/20', zoneA);
	const b = subnet('b', '10.0.16.0/20', zoneB);
	return {
		vpc,
		subnets: { subnetA: a.node, subnetB: b.node },
		routes: { dns, route, associationA: a.association, associationB: b.association },
	};
}

function givenNetwork(stack: Stack<Aws>, vpcId: string, [subnetA = '', subnetB = '']: readonly string[]): Network {
	const vpc = stack.add(GivenVpc, 'vpc', {}, () => ({ vpcId }));
	const subnet = (letter: 'a' | 'b', subnetId: string) => stack.add(GivenSubnet, `subnet-${letter}`, { vpc }, ({ vpc }) => ({ ...vpc, subnetId }));
	return { vpc, subnets: { subnetA: subnet('a', subnetA), subnetB: subnet('b', subnetB) }, routes: {} };
}
