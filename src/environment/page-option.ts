import type { Config } from '../config/config.ts';
import type { AnchorDocument } from '../resources/s3-anchor.ts';
import { recordedOptions } from './recorded-options.ts';

type Page = Pick<Config, 'domain' | 'certificateArn' | 'hostedZoneId' | 'balancerSubnetIds'>;

/** The page's name, as an environment's anchor has it: what its load balancer was made from. */
export function recordedPage(anchor: Pick<AnchorDocument, 'options'> | undefined): Page {
	const page = recordedOptions(anchor?.options['page']);
	const text = (name: string): string | undefined => page.text(name) ?? undefined;
	return { domain: text('domain'), certificateArn: text('certificateArn'), hostedZoneId: text('hostedZoneId'), balancerSubnetIds: page.texts('balancerSubnetIds') };
}
