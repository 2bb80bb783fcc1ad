import { CreateFileSystemCommand, DeleteFileSystemCommand, DescribeFileSystemsCommand, DescribeMountTargetsCommand, EFSClient, FileSystemAlreadyExists, type FileSystemDescription, paginateDescribeFileSystems } from '@aws-sdk/client-efs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { fileSystemArn, retagGrants, tagEfs } from './efs.ts';
import { described, type Holder, removeWhenFree } from './held.ts';
import { assertOurs, grantsObject, grantsRequest } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList, until } from './support.ts';

type Outputs = { fileSystemId: string; arn: string };

/** Encrypted, elastic throughput; AWS's defaults are unencrypted and bursting. */
export const FileSystem = defineResource<Aws, Record<string, never>, Outputs>({
	type: 'AWS::EFS::FileSystem',
	permissions: [
		{ actions: ['elasticfilesystem:DescribeFileSystems', 'elasticfilesystem:DescribeMountTargets'], on: [fileSystemArn] },
		{ actions: ['elasticfilesystem:CreateFileSystem'], on: [fileSystemArn], for: 'up', condition: grantsRequest },
		{ actions: ['elasticfilesystem:TagResource'], on: [fileSystemArn], for: 'up', condition: { StringEquals: { 'elasticfilesystem:CreateAction': 'CreateFileSystem' } } },
		...retagGrants(fileSystemArn),
		{ actions: ['elasticfilesystem:DeleteFileSystem'], on: [fileSystemArn], condition: grantsObject },
	],

	id: ({ fileSystemId }) => fileSystemId,
	arn: ({ arn }) => arn,

	async find(ctx) {
		const found = await search(ctx);
		if (found?.LifeCycleState === 'deleting') {
			await untilGone(ctx, outputsOf(found));
			return undefined;
		}
		return found && outputsOf(found);
	},

	async create(ctx) {
		const command = new CreateFileSystemCommand({ CreationToken: ctx.token, Encrypted: true, PerformanceMode: 'generalPurpose', ThroughputMode: 'elastic', Tags: tagList(ctx.tags) });
		try {
			return outputsOf(await ctx.aws.client(EFSClient).send(command));
		} catch (error) {
			// An earlier attempt with this token went through although its answer was lost.
			if (error instanceof FileSystemAlreadyExists) return adopt(ctx);
			throw error;
		}
	},

	/** Mount targets and access points of a file system that is not available are refused. */
	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs))?.LifeCycleState === 'available', 'file system to become available');
		return outputs;
	},

	tag: tagEfs(({ fileSystemId }) => fileSystemId),

	async remove(ctx, outputs) {
		const found = await describe(ctx, outputs);
		if (!found) return;
		assertOurs(ctx, `file system ${outputs.fileSystemId}`, found.Tags);
		await removeWhenFree(
			ctx,
			`file system ${outputs.fileSystemId}`,
			() => mountTargets(ctx, outputs),
			() => ignoring(['FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DeleteFileSystemCommand({ FileSystemId: outputs.fileSystemId }))),
		);
		await untilGone(ctx, outputs);
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

function outputsOf({ FileSystemId, FileSystemArn }: Pick<FileSystemDescription, 'FileSystemId' | 'FileSystemArn'>): Outputs {
	return { fileSystemId: required(FileSystemId), arn: required(FileSystemArn) };
}

/** Ours are gone by now, or going. */
async function mountTargets(ctx: Context<Aws>, { fileSystemId }: Outputs): Promise<Holder[]> {
	const answer = await ignoring(['FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DescribeMountTargetsCommand({ FileSystemId: fileSystemId, MaxItems: 100 })));
	const found = (answer?.MountTargets ?? []).filter(({ LifeCycleState }) => LifeCycleState !== 'deleted');
	return found.map(({ MountTargetId, SubnetId, OwnerId, LifeCycleState }) => ({
		what: described(`mount target ${MountTargetId}`, `in ${SubnetId}`, `of account ${OwnerId}`, LifeCycleState),
		goesAway: LifeCycleState === 'deleting',
	}));
}

/** There is no filter by tags. */
async function search(ctx: Context<Aws>): Promise<FileSystemDescription | undefined> {
	for await (const page of paginateDescribeFileSystems({ client: ctx.aws.client(EFSClient) }, {})) {
		const found = page.FileSystems?.find((each) => each.LifeCycleState !== 'deleted' && !ctx.superseded.has(required(each.FileSystemId)) && isOurs(ctx, each.Tags));
		if (found) return found;
	}
	return undefined;
}

async function adopt(ctx: Context<Aws>): Promise<Outputs> {
	const { FileSystems } = await ctx.aws.client(EFSClient).send(new DescribeFileSystemsCommand({ CreationToken: ctx.token }));
	const found = FileSystems?.[0];
	if (!found || !isOurs(ctx, found.Tags)) throw foreign('the file system with creation token', ctx.token);
	return outputsOf(found);
}

async function describe(ctx: Context<Aws>, { fileSystemId }: Outputs): Promise<FileSystemDescription | undefined> {
	const answer = await ignoring(['FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DescribeFileSystemsCommand({ FileSystemId: fileSystemId })));
	return answer?.FileSystems?.find(({ LifeCycleState }) => LifeCycleState !== 'deleted');
}

async function untilGone(ctx: Context<Aws>, outputs: Outputs): Promise<void> {
	await until(ctx, async () => (await describe(ctx, outputs)) === undefined, `file system ${outputs.fileSystemId} to be deleted`);
}
