import type { DBInstance } from '@aws-sdk/client-rds';
import { UserError } from '../errors.ts';
import { canonical } from './canonical.ts';
import { isMinorOf } from './db-instance-state.ts';
import { required } from './support.ts';

export type Props = {
	/** At most 63 lower-case letters, digits and single hyphens, a letter first. */
	identifier: string;
	/** Letters, digits and `_`. */
	database: string;
	/** Not a word that PostgreSQL or RDS reserves, such as `admin`. */
	username: string;
	passwordSecretArn: string;
	instanceClass: string;
	/** GiB of gp3, at least 20; it can grow, never shrink. */
	storageGb: number;
	/** The major version, e.g. `15`. */
	engineVersion: string;
	subnetGroup: string;
	securityGroupIds: string[];
	deletionProtection: boolean;
	/** Whether its removal leaves a snapshot. */
	finalSnapshot: boolean;
	/** 0 to 35 days of automated backups; a change from or to 0 restarts the database. */
	backupRetentionDays: number;
};
/** What AWS does not show of an instance. */
export type Own = Pick<Props, 'passwordSecretArn' | 'finalSnapshot'>;
export type Outputs = Omit<Props, 'database' | 'username' | 'subnetGroup'> & { arn: string; address: string; port: number; status: string };

/** What every instance of ours has. */
export const fixedSettings = {
	Engine: 'postgres',
	// Extended support of an old major version is paid, and on unless refused.
	EngineLifecycleSupport: 'open-source-rds-extended-support-disabled',
	StorageType: 'gp3',
	StorageEncrypted: true,
	PubliclyAccessible: false,
	MultiAZ: false,
	CopyTagsToSnapshot: true,
	AutoMinorVersionUpgrade: true,
	Port: 5432,
};

/** What can be changed while it runs. */
export function changeableSettings(props: Props) {
	return {
		DBInstanceClass: props.instanceClass,
		AllocatedStorage: props.storageGb,
		VpcSecurityGroupIds: props.securityGroupIds,
		DeletionProtection: props.deletionProtection,
		BackupRetentionPeriod: props.backupRetentionDays,
	};
}

export function outputsOf(instance: DBInstance, { passwordSecretArn, finalSnapshot }: Own): Outputs {
	return {
		identifier: required(instance.DBInstanceIdentifier),
		arn: required(instance.DBInstanceArn),
		address: instance.Endpoint?.Address ?? '',
		port: instance.Endpoint?.Port ?? 5432,
		status: required(instance.DBInstanceStatus),
		engineVersion: required(instance.EngineVersion),
		instanceClass: required(instance.DBInstanceClass),
		storageGb: required(instance.AllocatedStorage),
		securityGroupIds: (instance.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId }) => required(VpcSecurityGroupId)).toSorted(),
		deletionProtection: instance.DeletionProtection ?? false,
		backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
		passwordSecretArn,
		finalSnapshot,
	};
}

export function isAsWanted(props: Props, outputs: Outputs): boolean {
	const same = (['instanceClass', 'storageGb', 'deletionProtection', 'passwordSecretArn', 'finalSnapshot', 'backupRetentionDays'] as const).every((key) => props[key] === outputs[key]);
	return same && isMinorOf(outputs.engineVersion, props.engineVersion) && canonical(props.securityGroupIds.toSorted()) === canonical(outputs.securityGroupIds);
}

/**
 * What a running database cannot become without a decision that is not ours.
 * @throws UserError `StorageCannotShrink`, `MajorVersionChange`
 */
export function assertChangeable(props: Props, outputs: Outputs): void {
	if (props.storageGb < outputs.storageGb) {
		throw new UserError('StorageCannotShrink', `the database has ${outputs.storageGb} GiB and RDS cannot make it smaller (${props.storageGb} GiB are asked for)`, {
			hint: `set AIRFLOW_DEPLOY_DB_STORAGE_GB=${outputs.storageGb}`,
		});
	}
	if (!isMinorOf(outputs.engineVersion, props.engineVersion)) {
		throw new UserError('MajorVersionChange', `the database runs PostgreSQL ${outputs.engineVersion}; an upgrade to ${props.engineVersion} is an outage that has to be planned, and there is no way back`, {
			hint: `set AIRFLOW_DEPLOY_DB_ENGINE_VERSION=${outputs.engineVersion.split('.')[0]}, or upgrade first: aws rds modify-db-instance --allow-major-version-upgrade`,
		});
	}
}
