import { type DBInstance, DescribeDBEngineVersionsCommand, DescribeDBInstancesCommand, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { ignoring, required, until } from './support.ts';

export async function describeInstance(aws: Aws, identifier: string): Promise<DBInstance | undefined> {
	const answer = await ignoring(['DBInstanceNotFoundFault'], aws.client(RDSClient).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier })));
	return answer?.DBInstances?.[0];
}

/** Final: no waiting helps. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html */
const broken = /^(failed|incompatible-.*|storage-full|inaccessible-encryption-credentials.*|restore-error)$/;
/** Usable while AWS optimises the storage in the background, for hours. */
const usable = ['available', 'storage-optimization', 'storage-config-upgrade'];

/**
 * Waits until the instance takes connections and has applied what was asked for.
 * @param settled whether it is as wanted: for seconds after a change AWS still shows `available` and the old values
 * @throws UserError `DatabaseFailed` at once where the status is final
 */
export async function untilUsable(ctx: Context<Aws>, identifier: string, settled: (instance: DBInstance) => boolean): Promise<DBInstance> {
	let found: DBInstance | undefined;
	await until(
		ctx,
		async () => {
			found = await describeInstance(ctx.aws, identifier);
			const status = found?.DBInstanceStatus ?? 'not visible yet';
			if (broken.test(status)) throw failed(identifier, status);
			return (found !== undefined && usable.includes(status) && found.Endpoint?.Address !== undefined && settled(found)) || `database is ${status}`;
		},
		'database to become available',
	);
	return required(found);
}

/** Waits until the instance is gone: minutes, and longer with a final snapshot. */
export async function untilGone(ctx: Context<Aws>, identifier: string): Promise<void> {
	await until(
		ctx,
		async () => {
			const instance = await describeInstance(ctx.aws, identifier);
			if (instance && broken.test(instance.DBInstanceStatus ?? '')) throw failed(identifier, required(instance.DBInstanceStatus));
			return instance === undefined || `database is ${instance.DBInstanceStatus}`;
		},
		'database to be deleted',
		{ atMost: 3600 },
	);
}

function failed(identifier: string, status: string): UserError {
	return new UserError('DatabaseFailed', `the database instance ${identifier} is in status ${status}, which does not pass by itself`, {
		hint: `aws rds describe-events --source-type db-instance --source-identifier ${identifier} --duration 1440`,
	});
}

/**
 * The minor version that RDS makes by default of a major one: minor versions are withdrawn, so none is written here.
 * @throws UserError `EngineVersionUnavailable`
 */
export async function defaultMinorVersion(aws: Aws, major: string): Promise<string> {
	const ask = new DescribeDBEngineVersionsCommand({ Engine: 'postgres', EngineVersion: major, DefaultOnly: true });
	const { DBEngineVersions } = await aws.client(RDSClient).send(ask);
	const version = DBEngineVersions?.find(({ EngineVersion, Status }) => isMinorOf(EngineVersion ?? '', major) && (Status ?? 'available') === 'available');
	if (version?.EngineVersion !== undefined) return version.EngineVersion;
	throw new UserError('EngineVersionUnavailable', `RDS offers no PostgreSQL ${major} in ${aws.region}`, {
		hint: "aws rds describe-db-engine-versions --engine postgres --query 'DBEngineVersions[].EngineVersion', then set AIRFLOW_DEPLOY_DB_ENGINE_VERSION",
	});
}

/** 15.18 is as good as 15: AWS raises the minor version by itself. */
export function isMinorOf(version: string, wanted: string): boolean {
	return version === wanted || version.startsWith(`${wanted}.`);
}

/** Names of the snapshots made by hand or at deletion that stand (and are billed) after an instance is gone. */
export async function finalSnapshots(aws: Aws, identifier: string): Promise<string[]> {
	const { DBSnapshots } = await aws.client(RDSClient).send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: identifier, SnapshotType: 'manual' }));
	return (DBSnapshots ?? []).map(({ DBSnapshotIdentifier }) => required(DBSnapshotIdentifier));
}

/**
 * For teardown, before anything is deleted.
 * @throws UserError `DeletionProtected`
 */
export async function assertDeletable(aws: Aws, identifier: string): Promise<void> {
	const instance = await describeInstance(aws, identifier);
	if (instance?.DeletionProtection !== true) return;
	throw new UserError('DeletionProtected', `the database ${identifier} is protected against deletion (AIRFLOW_DEPLOY_DB_DELETION_PROTECTION): nothing was deleted`, {
		hint: 'set AIRFLOW_DEPLOY_DB_DELETION_PROTECTION=false, run airflow-deploy up, then airflow-deploy teardown',
	});
}
