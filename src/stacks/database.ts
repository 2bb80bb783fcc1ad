import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { DatabaseUrl } from '../resources/database-url.ts';
import { DbInstance } from '../resources/db-instance.ts';
import { DbSubnetGroup } from '../resources/db-subnet-group.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

interface Needs {
	anchor: Node;
	shared: Shared;
	databaseSecret: Node<{ arn: string }>;
	group: Node<{ groupId: string }>;
}

/** RDS for PostgreSQL in the environment's subnets, and its URL as a secret. @returns the node after which the URL can be read */
export function addDatabase(stack: Stack<Aws>, inputs: StackInputs, { anchor, shared, databaseSecret, group }: Needs): Node {
	const { config } = inputs;
	const { object } = naming(inputs).in(stack.scope);
	const user = { database: 'airflow', username: 'airflow' };

	const subnetGroup = stack.add(DbSubnetGroup, 'database-subnets', { anchor, role: shared.databaseRole, ...shared.network.subnets }, ({ subnetA, subnetB }) => ({
		name: object('database'),
		description: `Subnets of the Airflow database ${object('database')}`,
		subnetIds: [subnetA.subnetId, subnetB.subnetId],
	}));
	const instance = stack.add(DbInstance, 'database', { subnetGroup, databaseSecret, group }, ({ subnetGroup, databaseSecret, group }) => ({
		...user,
		identifier: object('database'),
		passwordSecretArn: databaseSecret.arn,
		instanceClass: config.dbInstanceClass,
		storageGb: config.dbStorageGb,
		engineVersion: config.dbEngineVersion,
		subnetGroup: subnetGroup.name,
		securityGroupIds: [group.groupId],
		deletionProtection: config.dbDeletionProtection,
		finalSnapshot: config.dbFinalSnapshot,
		// The most that an account on the free plan may have.
		backupRetentionDays: 1,
	}));
	return stack.add(DatabaseUrl, 'database-url', { databaseSecret, instance }, ({ databaseSecret, instance }) => ({
		...user,
		secretArn: databaseSecret.arn,
		scheme: 'postgresql+psycopg2',
		address: instance.address,
		port: instance.port,
		// RDS refuses plain connections from PostgreSQL 15 on, and an image as given has no CA bundle.
		query: 'sslmode=require',
	}));
}
