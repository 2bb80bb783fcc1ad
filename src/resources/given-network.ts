import type { Aws } from '../aws/clients.ts';
import { defineAction } from '../engine/resource.ts';

/** The user's own VPC: looked at before anything is made (environment/given-network.ts), never changed, never removed. */
export const GivenVpc = defineAction<Aws, { vpcId: string }, { vpcId: string }>({
	type: 'AirflowDeploy::GivenVpc',
	permissions: [],
	find: async (_ctx, props) => props,
	run: async (_ctx, props) => props,
});

/** One of the user's own subnets. */
export const GivenSubnet = defineAction<Aws, { subnetId: string; vpcId: string }, { subnetId: string }>({
	type: 'AirflowDeploy::GivenSubnet',
	permissions: [],
	find: async (_ctx, { subnetId }) => ({ subnetId }),
	run: async (_ctx, { subnetId }) => ({ subnetId }),
});
