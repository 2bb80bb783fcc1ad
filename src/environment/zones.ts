import { DescribeAvailabilityZonesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { paginateDescribeOrderableDBInstanceOptions, RDSClient } from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { defaultMinorVersion } from '../resources/db-instance-state.ts';

/** Zones that lack Fargate, EFS or current instance classes, by zone id: their names differ from account to account (AWS Fargate quotas page; reports of failing deployments). */
const unfit = new Set(['use1-az3', 'usw1-az2', 'apne1-az3']);

type Database = Pick<Config, 'dbInstanceClass' | 'dbEngineVersion'>;

/**
 * The first two zones that have Fargate, EFS and the database.
 * @throws UserError where fewer than two remain
 */
export async function chooseZones(aws: Aws, database: Database): Promise<[string, string]> {
	const [first, second] = await fitZones(aws, database);
	if (first !== undefined && second !== undefined) return [first, second];
	throw new UserError('TooFewZones', `${aws.region} has no two availability zones with Fargate, EFS and ${database.dbInstanceClass}: only ${first ?? 'none'} has them all`, {
		hint: 'set AIRFLOW_DEPLOY_DB_INSTANCE_CLASS to another class, or choose another region with --region',
	});
}

/**
 * Zones, by name, that have Fargate, EFS and the database's class with encrypted gp3 storage.
 * @throws UserError `EngineVersionUnavailable`, `ClassNotOffered`
 */
export async function fitZones(aws: Aws, database: Database): Promise<string[]> {
	const [zones, withDatabase] = await Promise.all([availableZones(aws), zonesWithDatabase(aws, database)]);
	return zones.filter((zone) => withDatabase.has(zone));
}

/** Zones that need no opting in: local and wavelength zones have neither EFS nor RDS of this kind. */
async function availableZones(aws: Aws): Promise<string[]> {
	const filters = Object.entries({ state: 'available', 'zone-type': 'availability-zone', 'opt-in-status': 'opt-in-not-required' });
	const { AvailabilityZones = [] } = await aws
		.client(EC2Client)
		.send(new DescribeAvailabilityZonesCommand({ Filters: filters.map(([Name, value]) => ({ Name, Values: [value] })) }));
	return AvailabilityZones.filter(({ ZoneId }) => !unfit.has(ZoneId ?? ''))
		.flatMap(({ ZoneName }) => ZoneName ?? [])
		.toSorted();
}

async function zonesWithDatabase(aws: Aws, { dbInstanceClass, dbEngineVersion }: Database): Promise<Set<string>> {
	const EngineVersion = await defaultMinorVersion(aws, dbEngineVersion);
	const pages = paginateDescribeOrderableDBInstanceOptions({ client: aws.client(RDSClient) }, { Engine: 'postgres', EngineVersion, DBInstanceClass: dbInstanceClass, Vpc: true });
	const zones = new Set<string>();
	for await (const { OrderableDBInstanceOptions = [] } of pages) {
		const ours = OrderableDBInstanceOptions.filter(({ StorageType, SupportsStorageEncryption }) => StorageType === 'gp3' && SupportsStorageEncryption === true);
		for (const { Name } of ours.flatMap(({ AvailabilityZones = [] }) => AvailabilityZones)) if (Name !== undefined) zones.add(Name);
	}
	if (zones.size > 0) return zones;
	throw new UserError('ClassNotOffered', `RDS does not offer ${dbInstanceClass} with PostgreSQL ${EngineVersion} on encrypted gp3 storage in ${aws.region}`, {
		hint: `aws rds describe-orderable-db-instance-options --engine postgres --engine-version ${EngineVersion} --region ${aws.region} --query 'OrderableDBInstanceOptions[].DBInstanceClass', then set AIRFLOW_DEPLOY_DB_INSTANCE_CLASS`,
	});
}
