import type { Aws } from '../aws/clients.ts';
import { defineAction } from '../engine/resource.ts';

/** An image that the user built (from our Dockerfile): taken as it is. */
export const GivenImage = defineAction<Aws, { image: string }, { image: string }>({
	type: 'AirflowDeploy::GivenImage',
	permissions: [],
	find: async (_ctx, { image }) => ({ image }),
	run: async (_ctx, { image }) => ({ image }),
});
