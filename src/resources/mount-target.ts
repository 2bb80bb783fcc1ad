import { setTimeout as delay } from 'node:timers/promises';
import {
	CreateMountTargetCommand,
	DeleteMountTargetCommand,
	DescribeMountTargetSecurityGroupsCommand,
	DescribeMountTargetsCommand,
	EFSClient,
	ModifyMountTargetSecurityGroupsCommand,
	type MountTargetDescription,
} from '@aws-sdk/client-efs';
import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn } from './ec2.ts';
import { fileSystemArn } from './efs.ts';
import { grantsObject } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, required, until } from './support.ts';

type Props = { fileSystemId: string; subnetId: string; securityGroupIds: string[] };
type Outputs = { mountTargetId: string; fileSystemId: string; subnetId: string; securityGroupIds: string[] };

/** Seconds until the DNS name of an available mount target resolves in the whole VPC (AWS's own advice). */
const dnsSeconds = 90;

/** Untagged: its identity is its file system and its subnet. */
export const MountTarget = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EFS::MountTarget',
	standsOn: ['AWS::EFS::FileSystem', 'AWS::EC2::Subnet', 'AWS::EC2::SecurityGroup'],
	immutable: ['fileSystemId', 'subnetId'],
	replacement: 'delete-first',
	// EFS makes and removes the interface with the caller's own permissions.
	permissions: [
		{ actions: ['elasticfilesystem:DescribeMountTargets', 'elasticfilesystem:DescribeMountTargetSecurityGroups'], on: [fileSystemArn] },
		{ actions: ['ec2:DescribeSubnets', 'ec2:DescribeNetworkInterfaces'], on: ['*'] },
		{ actions: ['elasticfilesystem:CreateMountTarget', 'elasticfilesystem:ModifyMountTargetSecurityGroups'], on: [fileSystemArn], for: 'up', condition: grantsObject },
		{ actions: ['ec2:CreateNetworkInterface'], on: ['network-interface', 'subnet', 'security-group'].map(ec2Arn), for: 'up' },
		{ actions: ['ec2:ModifyNetworkInterfaceAttribute'], on: ['network-interface', 'security-group'].map(ec2Arn), for: 'up' },
		{ actions: ['elasticfilesystem:DeleteMountTarget'], on: [fileSystemArn], condition: grantsObject },
		{ actions: ['ec2:DeleteNetworkInterface'], on: [ec2Arn('network-interface')] },
	],

	id: ({ mountTargetId }) => mountTargetId,

	async find(ctx, { fileSystemId, subnetId }) {
		const found = await inSubnet(ctx, fileSystemId, subnetId);
		if (found?.LifeCycleState === 'deleting') {
			await untilGone(ctx, required(found.MountTargetId));
			return undefined;
		}
		return found && outputsOf(found, await securityGroups(ctx, required(found.MountTargetId)));
	},

	async create(ctx, { fileSystemId, subnetId, securityGroupIds }) {
		const command = new CreateMountTargetCommand({ FileSystemId: fileSystemId, SubnetId: subnetId, SecurityGroups: securityGroupIds });
		const made = await retrying(ctx, () => ctx.aws.client(EFSClient).send(command), {
			passing: /^(IncorrectFileSystemLifeCycleState|SubnetNotFound|SecurityGroupNotFound)/,
			why: 'waiting until EFS knows what was just created',
			atMost: 45,
		});
		return outputsOf(made, securityGroupIds);
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs.mountTargetId))?.LifeCycleState === 'available', 'mount target to become available');
		if (isLoopback(ctx.aws.endpoint)) return outputs;
		ctx.note(`waiting ${dnsSeconds} s for the name of the mount target to be known in the VPC`);
		await delay(dnsSeconds * 1000, undefined, { signal: ctx.signal });
		return outputs;
	},

	matches: (props, { securityGroupIds }) => props.securityGroupIds.toSorted().join() === securityGroupIds.join(),

	async update(ctx, { securityGroupIds }, outputs) {
		await ctx.aws.client(EFSClient).send(new ModifyMountTargetSecurityGroupsCommand({ MountTargetId: outputs.mountTargetId, SecurityGroups: securityGroupIds }));
		return { ...outputs, securityGroupIds: securityGroupIds.toSorted() };
	},

	async remove(ctx, { mountTargetId }) {
		await ignoring(['MountTargetNotFound', 'FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DeleteMountTargetCommand({ MountTargetId: mountTargetId })));
		await untilGone(ctx, mountTargetId);
	},

	exists: async (ctx, { mountTargetId, fileSystemId, subnetId }) => (await inSubnet(ctx, fileSystemId, subnetId))?.MountTargetId === mountTargetId,
});

function outputsOf({ MountTargetId, FileSystemId, SubnetId }: Pick<MountTargetDescription, 'MountTargetId' | 'FileSystemId' | 'SubnetId'>, securityGroupIds: readonly string[]): Outputs {
	return { mountTargetId: required(MountTargetId), fileSystemId: required(FileSystemId), subnetId: required(SubnetId), securityGroupIds: securityGroupIds.toSorted() };
}

/** At most one a zone, so one page holds them all. */
async function inSubnet(ctx: Context<Aws>, fileSystemId: string, subnetId: string): Promise<MountTargetDescription | undefined> {
	const answer = await ignoring(['FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DescribeMountTargetsCommand({ FileSystemId: fileSystemId, MaxItems: 100 })));
	return answer?.MountTargets?.find(({ SubnetId, LifeCycleState }) => SubnetId === subnetId && LifeCycleState !== 'deleted');
}

async function securityGroups(ctx: Context<Aws>, mountTargetId: string): Promise<string[]> {
	const command = new DescribeMountTargetSecurityGroupsCommand({ MountTargetId: mountTargetId });
	const refused = { passing: /^IncorrectMountTargetState/, why: 'waiting for the mount target to be created', atMost: 300 };
	const answer = await retrying(ctx, () => ctx.aws.client(EFSClient).send(command), refused);
	return answer.SecurityGroups ?? [];
}

async function describe(ctx: Context<Aws>, mountTargetId: string): Promise<MountTargetDescription | undefined> {
	const answer = await ignoring(['MountTargetNotFound'], ctx.aws.client(EFSClient).send(new DescribeMountTargetsCommand({ MountTargetId: mountTargetId })));
	return answer?.MountTargets?.find(({ LifeCycleState }) => LifeCycleState !== 'deleted');
}

async function untilGone(ctx: Context<Aws>, mountTargetId: string): Promise<void> {
	await until(ctx, async () => (await describe(ctx, mountTargetId)) === undefined, `mount target ${mountTargetId} to be deleted`);
}
