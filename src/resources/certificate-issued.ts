import type { Aws } from '../aws/clients.ts';
import { type Context, defineAction } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { describeCertificate } from './acm.ts';
import { until } from './support.ts';

type Props = { arn: string; domain: string };

/** Seconds; ACM itself goes on for 72 hours. */
const atMost = 1800;

/** Waits until ACM has seen the validation record and issued the certificate: minutes, where the zone is the one that the world asks. */
export const CertificateIssued = defineAction<Aws, Props, { arn: string }>({
	type: 'AirflowDeploy::CertificateIssued',
	permissions: [{ actions: ['acm:DescribeCertificate'], on: ['arn:{partition}:acm:{region}:{account}:certificate/*'], for: 'up' }],

	find: async (ctx, { arn }) => ((await isIssued(ctx, { arn, domain: '' })) === true ? { arn } : undefined),
	current: async (ctx, props) => (await isIssued(ctx, props)) === true,

	async run(ctx, props) {
		await until(ctx, () => isIssued(ctx, props), `ACM to issue the certificate of ${props.domain}`, { every: 5, atMost });
		return { arn: props.arn };
	},
});

/** @throws UserError where ACM has given it up */
async function isIssued(ctx: Context<Aws>, { arn, domain }: Props): Promise<boolean | string> {
	const certificate = await describeCertificate(ctx.aws, arn);
	const { Status, FailureReason } = certificate ?? {};
	if (Status === 'ISSUED' || Status === undefined) return Status !== undefined;
	if (Status === 'PENDING_VALIDATION') return `waiting for ACM to see the validation record of ${domain}: minutes as a rule`;
	throw new UserError('CertificateFailed', `ACM did not issue the certificate of ${domain}: ${Status}${FailureReason === undefined ? '' : ` (${FailureReason})`}`, {
		hint: FailureReason === 'CAA_ERROR' ? `add a CAA record for amazon.com to ${domain}, then run the same command again` : 'run the same command again to request it anew',
	});
}
