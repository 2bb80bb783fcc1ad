import type { Config } from '../config/config.ts';
import type { AnchorDocument } from '../resources/s3-anchor.ts';

type Page = Pick<Config, 'domain' | 'certificateArn' | 'hostedZoneId' | 'balancerSubnetIds'>;

/** The page's name, as an environment's anchor has it: what its load balancer was made from. */
export function recordedPage(anchor: Pick<AnchorDocument, 'options'> | undefined): Page {
	const page = (anchor?.options['page'] ?? {}) as Record<string, unknown>;
	const text = (name: string): string | undefined => (typeof page[name] === 'string' ? page[name] : undefined);
	const subnets = Array.isArray(page['balancerSubnetIds']) ? page['balancerSubnetIds'].filter((id) => typeof id === 'string') : [];
	return { domain: text('domain'), certificateArn: text('certificateArn'), hostedZoneId: text('hostedZoneId'), balancerSubnetIds: subnets };
}
