import { UserError } from '../errors.ts';
import type { Connection } from './clients.ts';

/** Regions of each partition that are never switched off, by what its region names begin with (botocore's partitions.json). */
const homes = [['cn-', 'cn-north-1'], ['us-gov-', 'us-gov-west-1'], ['eusc-', 'eusc-de-east-1'], ['', 'us-east-1']] as const;
const badKeys = new Set(['InvalidClientTokenId', 'UnrecognizedClientException', 'AuthFailure']);

/**
 * Whether keys that AWS does not know are good, and the region is only switched off for the account: there every call answers as
 * if the keys were bad, so another region is asked (ec2:DescribeRegions).
 * @returns undefined where they are bad, or where that cannot be found out
 */
export async function explainRegion(error: unknown, connection: Connection): Promise<UserError | undefined> {
	const { region } = connection;
	const home = homes.find(([start]) => region.startsWith(start))?.[1] ?? region;
	if (!(error instanceof Error) || !badKeys.has(error.name) || home === region) return undefined;
	// Loaded only here, and by a module of its own: a namespace import would bundle every operation of EC2.
	const { optInStatus } = await import('./opt-in-status.ts');
	const status = await optInStatus(region, { ...connection, region: home }).catch(() => undefined);
	if (status !== 'not-opted-in') return undefined;
	return new UserError('RegionNotOptedIn', `region ${region} is not enabled for this account, so it does not know your credentials`, {
		hint: `aws account enable-region --region-name ${region} --region ${home}   # an account administrator can; it takes minutes to hours`,
		cause: error,
	});
}
