import { DescribeAvailabilityZonesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeOrderableDBInstanceOptionsCommand, RDSClient } from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import { UserError } from '../errors.ts';

/** Zones that lack Fargate, EFS or current instance classes, by zone id (AWS Fargate quotas page; reports of failing deployments). */
const unfit = new Set(['use1-az3', 'usw1-az2', 'apne1-az3']);

/**
 * The first two zones that have Fargate, EFS and the database's class.
 * @param dbInstanceClass e.g. `db.t4g.micro`
 * @throws UserError where fewer than two remain
 */
export async function chooseZones(aws: Aws, dbInstanceClass: string): Promise<[string, string]> {
	const [zones, withDatabase] = await Promise.all([availableZones(aws), zonesWithClass(aws, dbInstanceClass)]);
	const [first, second] = zones.filter((zone) => withDatabase === undefined || withDatabase.has(zone));
	if (first !== undefined && second !== undefined) return [first, second];
	throw new UserError(
		'TooFewZones',
		`${aws.region} has no two availability zones for ${dbInstanceClass}: of ${zones.join(', ') || 'none'}, ${[...(withDatabase ?? [])].join(', ') || 'none'} offer it`,
		{ hint: 'set AIRFLOW_DEPLOY_DB_INSTANCE_CLASS to another class, or choose another region with --region' },
	);
}

async function availableZones(aws: Aws): Promise<string[]> {
	const filters = Object.entries({ state: 'available', 'zone-type': 'availability-zone', 'opt-in-status': 'opt-in-not-required' });
	const { AvailabilityZones = [] } = await aws
		.client(EC2Client)
		.send(new DescribeAvailabilityZonesCommand({ Filters: filters.map(([Name, value]) => ({ Name, Values: [value] })) }));
	return AvailabilityZones.filter(({ ZoneId }) => !unfit.has(ZoneId ?? ''))
		.flatMap(({ ZoneName }) => ZoneName ?? [])
		.toSorted();
}

/** undefined: RDS names no offer at all, so nothing can be said. */
async function zonesWithClass(aws: Aws, dbInstanceClass: string): Promise<Set<string> | undefined> {
	const { OrderableDBInstanceOptions = [] } = await aws
		.client(RDSClient)
		.send(new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', DBInstanceClass: dbInstanceClass, Vpc: true, MaxRecords: 100 }));
	const zones = OrderableDBInstanceOptions.flatMap(({ AvailabilityZones }) => AvailabilityZones?.flatMap(({ Name }) => Name ?? []) ?? []);
	return zones.length === 0 ? undefined : new Set(zones);
}
