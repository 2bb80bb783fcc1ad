import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { type Connection, settings } from './clients.ts';

/**
 * Whether a region is enabled for the account, as EC2 says it: `opt-in-not-required`, `opted-in`, `not-opted-in`.
 * @param connection to a region that is enabled
 */
export async function optInStatus(region: string, connection: Connection): Promise<string | undefined> {
	const client = new EC2Client({ ...settings(connection), maxAttempts: 2 });
	try {
		const { Regions } = await client.send(new DescribeRegionsCommand({ RegionNames: [region], AllRegions: true }));
		return Regions?.[0]?.OptInStatus;
	} finally {
		client.destroy();
	}
}
