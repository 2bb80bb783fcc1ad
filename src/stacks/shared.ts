import type { Aws } from '../aws/clients.ts';
import type { Node } from '../engine/stack.ts';
import { Stack } from '../engine/stack.ts';
import { EcrRepository } from '../resources/ecr-repository.ts';
import { EcsCluster } from '../resources/ecs-cluster.ts';
import { FileSystem } from '../resources/efs-file-system.ts';
import { FileSystemPolicy } from '../resources/efs-file-system-policy.ts';
import { MountTarget } from '../resources/mount-target.ts';
import { Anchor } from '../resources/s3-anchor.ts';
import { Bucket } from '../resources/s3-bucket.ts';
import { BucketSettings } from '../resources/s3-bucket-settings.ts';
import { SecurityGroup } from '../resources/security-group.ts';
import { ServiceLinkedRole } from '../resources/service-linked-role.ts';
import { naming, type StackInputs } from './inputs.ts';
import { addNetwork, type Network } from './network.ts';

export const sharedScope = 'shared';

/** What environments use of the shared stack. */
export interface Shared {
	bucket: Node<{ name: string; arn: string }>;
	bucketSettings: Node;
	network: Network;
	databaseRole: Node;
	balancingRole: Node;
	fileSystem: Node<{ fileSystemId: string; arn: string }>;
	/** Groups that tasks must be let into, to reach the file system. */
	fileSystemGroup: Node<{ groupId: string }>;
	/** The file system can be mounted from both subnets, by those who may. */
	mounts: { mountTargetA: Node; mountTargetB: Node; fileSystemPolicy: Node };
	repository: Node<{ name: string; arn: string; uri: string }>;
	cluster: Node<{ name: string; arn: string }>;
}

/** What all environments of a project share: network, bucket, file system, images, cluster. */
export function sharedStack(inputs: StackInputs): { stack: Stack<Aws>; shared: Shared } {
	const stack = new Stack<Aws>(sharedScope);
	const names = naming(inputs);
	const { object } = names.in(sharedScope);

	const bucket = stack.add(Bucket, 'bucket', {}, () => ({ name: names.bucket }));
	const anchor = stack.add(Anchor, 'anchor-shared', { bucket }, ({ bucket }) => ({ bucket: bucket.name, options: {} }));
	const bucketSettings = stack.add(BucketSettings, 'bucket-settings', { bucket, anchor }, ({ bucket }) => ({ bucket: bucket.name, noncurrentVersionDays: 7 }));

	const won = { anchor };
	const linkedRole = (name: string, service: 'ecs' | 'rds' | 'elasticfilesystem' | 'elasticloadbalancing') =>
		stack.add(ServiceLinkedRole, `service-linked-role-${name}`, won, () => ({ service: `${service}.amazonaws.com` as const }));
	const ecsRole = linkedRole('ecs', 'ecs');
	const databaseRole = linkedRole('rds', 'rds');
	const fileSystemRole = linkedRole('efs', 'elasticfilesystem');
	const balancingRole = linkedRole('balancing', 'elasticloadbalancing');

	const network = addNetwork(stack, inputs, won);
	const fileSystemGroup = stack.add(SecurityGroup, 'security-group-efs', { vpc: network.vpc }, ({ vpc }) => ({
		vpcId: vpc.vpcId,
		name: object('efs'),
		description: `EFS of ${inputs.config.project}: from its tasks only`,
	}));
	const fileSystem = stack.add(FileSystem, 'file-system', { ...won, fileSystemRole }, () => ({}));
	const fileSystemPolicy = stack.add(FileSystemPolicy, 'file-system-policy', { fileSystem }, ({ fileSystem }) => ({
		fileSystemId: fileSystem.fileSystemId,
		fileSystemArn: fileSystem.arn,
	}));
	const mountTarget = (letter: 'a' | 'b', subnet: Node<{ subnetId: string }>) =>
		stack.add(MountTarget, `mount-target-${letter}`, { fileSystem, subnet, fileSystemGroup }, ({ fileSystem, subnet, fileSystemGroup }) => ({
			fileSystemId: fileSystem.fileSystemId,
			subnetId: subnet.subnetId,
			securityGroupIds: [fileSystemGroup.groupId],
		}));
	const mountTargetA = mountTarget('a', network.subnets.subnetA);
	const mountTargetB = mountTarget('b', network.subnets.subnetB);

	const repository = stack.add(EcrRepository, 'repository', won, () => ({ name: object('images') }));
	const cluster = stack.add(EcsCluster, 'cluster', { ...won, ecsRole }, () => ({ name: object('cluster') }));
	const mounts = { mountTargetA, mountTargetB, fileSystemPolicy };
	return { stack, shared: { bucket, bucketSettings, network, databaseRole, balancingRole, fileSystem, fileSystemGroup, mounts, repository, cluster } };
}
