import { CreateDBInstanceCommand, DeleteDBInstanceCommand, ModifyDBInstanceCommand, RDSClient, StartDBInstanceCommand } from '@aws-sdk/client-rds';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { readDatabaseSecret } from './database-url.ts';
import { assertChangeable, changeableSettings, fixedSettings, isAsWanted, type Outputs, outputsOf, type Props } from './db-instance-settings.ts';
import { assertDeletable, defaultMinorVersion, describeInstance, untilGone, untilUsable } from './db-instance-state.ts';
import { carriesNonce } from './ownership.ts';
import { tagRds } from './rds.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';

export { assertDeletable, finalSnapshots } from './db-instance-state.ts';

const instances = ['arn:{partition}:rds:{region}:{account}:db:{project}-*'];
const uses = ['subgrp:{project}-*', 'pg:default*', 'og:default*', 'snapshot:*', 'auto-backup:*'].map((part) => `arn:{partition}:rds:{region}:{account}:${part}`);

/** PostgreSQL: encrypted, reachable only inside its VPC, one zone. */
export const DbInstance = defineResource<Aws, Props, Outputs>({
	type: 'AWS::RDS::DBInstance',
	standsOn: ['AWS::RDS::DBSubnetGroup', 'AWS::EC2::SecurityGroup'],
	immutable: ['identifier', 'database', 'username', 'subnetGroup'],
	replacement: 'delete-first',
	permissions: [
		{ actions: ['rds:DescribeDBInstances', 'rds:ListTagsForResource'], on: instances },
		{ actions: ['rds:DescribeDBEngineVersions', 'rds:DescribeDBSnapshots'], on: ['*'] },
		{ actions: ['rds:CreateDBInstance', 'rds:ModifyDBInstance', 'rds:StartDBInstance', 'rds:AddTagsToResource', 'rds:RemoveTagsFromResource'], on: [...instances, ...uses], for: 'up' },
		{ actions: ['secretsmanager:GetSecretValue'], on: ['arn:{partition}:secretsmanager:{region}:{account}:secret:{project}-*'], for: 'up' },
		{ actions: ['rds:DeleteDBInstance', 'rds:CreateDBSnapshot', 'rds:DeleteDBInstanceAutomatedBackup', 'rds:AddTagsToResource'], on: [...instances, ...uses], for: 'teardown' },
	],

	id: ({ identifier }) => identifier,
	arn: ({ arn }) => arn,

	async find(ctx, props, recorded) {
		const instance = await describeInstance(ctx.aws, props.identifier);
		if (!instance) return undefined;
		if (!isOurs(ctx, instance.TagList)) throw foreign('the database instance', props.identifier);
		if (instance.DBInstanceStatus !== 'deleting') return outputsOf(instance, recorded ?? props);
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
			TagSpecifications: [{ ResourceType: 'auto-backup', Tags: tagList(ctx.tags) }],
		});
		const { DBInstance } = await retrying(ctx, () => ctx.aws.client(RDSClient).send(create), serviceLinkedRolePending);
		return outputsOf(required(DBInstance), props);
	},

	async wait(ctx, outputs, props) {
		return outputsOf(await untilUsable(ctx, outputs.identifier, (instance) => isAsWanted(props, outputsOf(instance, outputs))), outputs);
	},

	// `stopped`: someone stopped it to save money; `update` starts it.
	matches: (props, outputs) => isAsWanted(props, outputs) && outputs.status !== 'stopped',

	async update(ctx, props, outputs) {
		assertChangeable(props, outputs);
		if (outputs.status === 'stopped') await start(ctx, props.identifier);
		if (!isAsWanted(props, { ...outputs, finalSnapshot: props.finalSnapshot })) await modify(ctx, props, outputs);
		return { ...outputs, finalSnapshot: props.finalSnapshot, passwordSecretArn: props.passwordSecretArn };
	},

	tag: tagRds,

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

async function start(ctx: Context<Aws>, identifier: string): Promise<void> {
	await ctx.aws.client(RDSClient).send(new StartDBInstanceCommand({ DBInstanceIdentifier: identifier }));
	await untilUsable(ctx, identifier, () => true);
}

/** A secret that had to be made again holds another password, which the database does not know yet. */
async function modify(ctx: Context<Aws>, props: Props, { passwordSecretArn }: Outputs): Promise<void> {
	const sameSecret = props.passwordSecretArn === passwordSecretArn;
	const password = sameSecret ? {} : { MasterUserPassword: (await readDatabaseSecret(ctx, props.passwordSecretArn)).password };
	const change = new ModifyDBInstanceCommand({ DBInstanceIdentifier: props.identifier, ApplyImmediately: true, ...changeableSettings(props), ...password });
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
