import type { Aws } from '../aws/clients.ts';
import { defineAction } from '../engine/resource.ts';

/** The user's own certificate: looked at before anything is made (environment/domain-checks.ts), never changed, never removed. */
export const GivenCertificate = defineAction<Aws, { arn: string }, { arn: string }>({
	type: 'AirflowDeploy::GivenCertificate',
	permissions: [],
	find: async (_ctx, props) => props,
	run: async (_ctx, props) => props,
});
