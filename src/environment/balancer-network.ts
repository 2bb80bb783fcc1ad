import { givenSubnets } from './given-subnets.ts';
import { networkUnfit } from './network-unfit.ts';
import type { Options } from './options.ts';

/** Free addresses that a load balancer may take in each of its subnets (Elastic Load Balancing, "Subnets for your load balancer"). */
const addressesNeeded = 8;

/**
 * The user's own subnets, as those of a load balancer: two zones, public, with room.
 * @throws UserError `NetworkUnfit`, before anything is made
 */
export async function assertBalancerNetwork({ aws, config }: Options): Promise<void> {
	const { domain, vpcId, subnetIds, balancerSubnetIds } = config;
	if (domain === undefined || vpcId === undefined) return;
	const subnets = await givenSubnets(aws, vpcId, balancerSubnetIds.length > 0 ? balancerSubnetIds : subnetIds);
	const [a, b] = subnets;
	if (a?.zone === b?.zone) throw networkUnfit(`${a?.subnetId} and ${b?.subnetId} lie in the same zone (${a?.zone}): a load balancer needs two`, 'set AIRFLOW_DEPLOY_BALANCER_SUBNET_IDS to public subnets in different zones');
	const shut = subnets.find(({ wayOut }) => wayOut !== 'internet gateway');
	if (shut) throw networkUnfit(`${shut.subnetId} has no route to an internet gateway (${shut.routeTableId}): nobody could reach a load balancer there`, 'set AIRFLOW_DEPLOY_BALANCER_SUBNET_IDS to two public subnets; the tasks stay where they are');
	const full = subnets.find(({ free }) => free < addressesNeeded);
	if (full) throw networkUnfit(`${full.subnetId} has ${full.free} free addresses, and a load balancer may need ${addressesNeeded}`, 'set AIRFLOW_DEPLOY_BALANCER_SUBNET_IDS to larger subnets');
}
