import { CreateDBInstanceCommand, type DBInstance, DeleteDBInstanceCommand, ModifyDBInstanceCommand, RDSClient, StartDBInstanceCommand } from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { canonical } from './canonical.ts';
import { readDatabaseSecret } from './database-url.ts';
import { assertDeletable, defaultMinorVersion, describeInstance, isMinorOf, untilGone, untilUsable } from './db-instance-state.ts';
import { carriesNonce } from './ownership.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';

export { assertDeletable, finalSnapshots } from './db-instance-state.ts';

type Props = {
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
type Outputs = Omit<Props, 'database' | 'username' | 'passwordSecretArn' | 'subnetGroup'> & { arn: string; address: string; port: number; status: string };

const instances = ['arn:{partition}:rds:{region}:{account}:db:{project}-*'];
const uses = ['subgrp:{project}-*', 'pg:default*', 'og:default*', 'snapshot:*', 'auto-backup:*'].map((part) => `arn:{partition}:rds:{region}:{account}:${part}`);

/** PostgreSQL: encrypted, reachable only inside its VPC, one zone. */
export const DbInstance = defineResource<Aws, Props, Outputs>({
	type: 'AWS::RDS::DBInstance',
	immutable: ['identifier', 'database', 'username', 'subnetGroup'],
	replacement: 'delete-first',
	permissions: [
		{ actions: ['rds:DescribeDBInstances', 'rds:ListTagsForResource'], on: instances },
		{ actions: ['rds:DescribeDBEngineVersions', 'rds:DescribeDBSnapshots'], on: ['*'] },
		{ actions: ['rds:CreateDBInstance', 'rds:ModifyDBInstance', 'rds:StartDBInstance', 'rds:AddTagsToResource'], on: [...instances, ...uses], for: 'up' },
		{ actions: ['secretsmanager:GetSecretValue'], on: ['arn:{partition}:secretsmanager:{region}:{account}:secret:{project}-*'], for: 'up' },
		{ actions: ['rds:DeleteDBInstance', 'rds:CreateDBSnapshot', 'rds:DeleteDBInstanceAutomatedBackup', 'rds:AddTagsToResource'], on: [...instances, ...uses], for: 'teardown' },
	],

	id: ({ identifier }) => identifier,
	arn: ({ arn }) => arn,

	async find(ctx, props, recorded) {
		const instance = await describeInstance(ctx.aws, props.identifier);
		if (!instance) return undefined;
		if (!isOurs(ctx, instance.TagList)) throw foreign('the database instance', props.identifier);
		if (instance.DBInstanceStatus !== 'deleting') return outputsOf(instance, recorded?.finalSnapshot ?? props.finalSnapshot);
		await untilGone(ctx, props.identifier);
		return undefined;
	},

	async create(ctx, props) {
		const { password } = await readDatabaseSecret(ctx, props.passwordSecretArn);
		const create = new CreateDBInstanceCommand({
			...fixedSettings,
			DBInstanceIdentifier: props.identifier,
			EngineVersion: await defaultMinorVersion(ctx.aws, props.engineVersion),
			DBName: props.database,
			MasterUsername: props.username,
			MasterUserPassword: password,
			DBSubnetGroupName: props.subnetGroup,
			...changeableSettings(props),
			Tags: tagList(ctx.tags),
		});
		const { DBInstance } = await retrying(ctx, () => ctx.aws.client(RDSClient).send(create), serviceLinkedRolePending);
		return outputsOf(required(DBInstance), props.finalSnapshot);
	},

	async wait(ctx, { identifier, finalSnapshot }, props) {
		return outputsOf(await untilUsable(ctx, identifier, (instance) => isAsWanted(props, outputsOf(instance, finalSnapshot))), finalSnapshot);
	},

	// `stopped`: someone stopped it to save money; `update` starts it.
	matches: (props, outputs) => isAsWanted(props, outputs) && outputs.status !== 'stopped',

	async update(ctx, props, outputs) {
		assertChangeable(props, outputs);
		if (outputs.status === 'stopped') await ctx.aws.client(RDSClient).send(new StartDBInstanceCommand({ DBInstanceIdentifier: props.identifier }));
		else if (!isAsWanted(props, { ...outputs, finalSnapshot: props.finalSnapshot })) await modify(ctx, props);
		return { ...outputs, finalSnapshot: props.finalSnapshot };
	},

	async remove(ctx, { identifier, finalSnapshot }) {
		const instance = await describeInstance(ctx.aws, identifier);
		if (!instance || !carriesNonce(ctx, instance.TagList)) return;
		await assertDeletable(ctx.aws, identifier);
		if (instance.DBInstanceStatus !== 'deleting') await remove(ctx, identifier, finalSnapshot);
		await untilGone(ctx, identifier);
	},

	async exists(ctx, { identifier }) {
		const instance = await describeInstance(ctx.aws, identifier);
		return instance !== undefined && carriesNonce(ctx, instance.TagList);
	},
});

const fixedSettings = {
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

function changeableSettings(props: Props) {
	return {
		DBInstanceClass: props.instanceClass,
		AllocatedStorage: props.storageGb,
		VpcSecurityGroupIds: props.securityGroupIds,
		DeletionProtection: props.deletionProtection,
		BackupRetentionPeriod: props.backupRetentionDays,
	};
}

async function modify(ctx: Context<Aws>, props: Props): Promise<void> {
	const change = new ModifyDBInstanceCommand({ DBInstanceIdentifier: props.identifier, ApplyImmediately: true, ...changeableSettings(props) });
	await ctx.aws.client(RDSClient).send(change);
}

/** A snapshot's name is taken for good, so it carries the time. */
async function remove(ctx: Context<Aws>, identifier: string, finalSnapshot: boolean): Promise<void> {
	const name = `${identifier}-final-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
	const snapshot = finalSnapshot ? { FinalDBSnapshotIdentifier: name, SkipFinalSnapshot: false } : { SkipFinalSnapshot: true };
	if (finalSnapshot) ctx.note(`leaves the snapshot ${name}`);
	const call = new DeleteDBInstanceCommand({ DBInstanceIdentifier: identifier, DeleteAutomatedBackups: true, ...snapshot });
	// InvalidDBInstanceState: another change is being applied.
	const busy = { passing: /InvalidDBInstanceState/, why: 'waiting for a change of the database to end', atMost: 1800 };
	await retrying(ctx, () => ignoring(['DBInstanceNotFoundFault'], ctx.aws.client(RDSClient).send(call)), busy);
}

function outputsOf(instance: DBInstance, finalSnapshot: boolean): Outputs {
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
		finalSnapshot,
	};
}

function isAsWanted(props: Props, outputs: Outputs): boolean {
	const same = (['instanceClass', 'storageGb', 'deletionProtection', 'finalSnapshot', 'backupRetentionDays'] as const).every((key) => props[key] === outputs[key]);
	return same && isMinorOf(outputs.engineVersion, props.engineVersion) && canonical(props.securityGroupIds.toSorted()) === canonical(outputs.securityGroupIds);
}

/** What a running database cannot become without a decision that is not ours. */
function assertChangeable(props: Props, outputs: Outputs): void {
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
