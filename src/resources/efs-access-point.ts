import { setTimeout as delay } from 'node:timers/promises';
import {
	type AccessPointDescription,
	AccessPointAlreadyExists,
	CreateAccessPointCommand,
	DeleteAccessPointCommand,
	DescribeAccessPointsCommand,
	EFSClient,
	paginateDescribeAccessPoints,
} from '@aws-sdk/client-efs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { accessPointArn, fileSystemArn, retagGrants, tagEfs } from './efs.ts';
import { assertOurs, grantsObject, grantsRequest } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList, until } from './support.ts';

/** All who mount through it act as `uid` and `gid`, below `path`, which EFS makes with `permissions` (e.g. `0755`). */
type Props = { fileSystemId: string; path: string; uid: number; gid: number; permissions: string };
type Outputs = { accessPointId: string; arn: string; fileSystemId: string };

export const AccessPoint = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EFS::AccessPoint',
	immutable: ['fileSystemId', 'path', 'uid', 'gid', 'permissions'],
	collides: true,
	permissions: [
		{ actions: ['elasticfilesystem:DescribeAccessPoints'], on: [fileSystemArn, accessPointArn] },
		{ actions: ['elasticfilesystem:CreateAccessPoint'], on: [fileSystemArn, accessPointArn], for: 'up', condition: grantsRequest },
		{ actions: ['elasticfilesystem:TagResource'], on: [accessPointArn], for: 'up', condition: { StringEquals: { 'elasticfilesystem:CreateAction': 'CreateAccessPoint' } } },
		...retagGrants(accessPointArn),
		{ actions: ['elasticfilesystem:DeleteAccessPoint'], on: [accessPointArn], condition: grantsObject },
	],

	id: ({ accessPointId }) => accessPointId,
	arn: ({ arn }) => arn,

	async find(ctx, { fileSystemId }) {
		const found = await search(ctx, fileSystemId);
		if (found?.LifeCycleState === 'deleting') {
			await untilGone(ctx, required(found.AccessPointId));
			return undefined;
		}
		return found && outputsOf(found);
	},

	async create(ctx, { fileSystemId, path, uid, gid, permissions }) {
		const command = new CreateAccessPointCommand({
			ClientToken: ctx.token,
			FileSystemId: fileSystemId,
			PosixUser: { Uid: uid, Gid: gid },
			RootDirectory: { Path: path, CreationInfo: { OwnerUid: uid, OwnerGid: gid, Permissions: permissions } },
			Tags: tagList(ctx.tags),
		});
		try {
			return outputsOf(await ctx.aws.client(EFSClient).send(command));
		} catch (error) {
			if (error instanceof AccessPointAlreadyExists) return adopt(ctx, required(error.AccessPointId));
			throw error;
		}
	},

	async wait(ctx, outputs) {
		const isAvailable = async (): Promise<boolean> => (await inOneLook(ctx, outputs.fileSystemId)).find(({ AccessPointId }) => AccessPointId === outputs.accessPointId)?.LifeCycleState === 'available';
		await until(ctx, isAvailable, 'access point to become available', { first: 0.6 });
		return outputs;
	},

	tag: tagEfs(({ accessPointId }) => accessPointId),

	async remove(ctx, { accessPointId }) {
		const found = await describe(ctx, accessPointId);
		if (!found) return;
		assertOurs(ctx, `access point ${accessPointId}`, found.Tags);
		await ignoring(['AccessPointNotFound'], ctx.aws.client(EFSClient).send(new DeleteAccessPointCommand({ AccessPointId: accessPointId })));
		await untilGone(ctx, accessPointId);
	},

	exists: async (ctx, { accessPointId }) => (await describe(ctx, accessPointId)) !== undefined,
});

function outputsOf({ AccessPointId, AccessPointArn, FileSystemId }: AccessPointDescription): Outputs {
	return { accessPointId: required(AccessPointId), arn: required(AccessPointArn), fileSystemId: required(FileSystemId) };
}

async function search(ctx: Context<Aws>, fileSystemId: string): Promise<AccessPointDescription | undefined> {
	const pages = paginateDescribeAccessPoints({ client: ctx.aws.client(EFSClient) }, { FileSystemId: fileSystemId });
	const first = async (): Promise<AccessPointDescription | undefined> => {
		for await (const page of pages) {
			const found = page.AccessPoints?.find((each) => each.LifeCycleState !== 'deleted' && !ctx.superseded.has(required(each.AccessPointId)) && isOurs(ctx, each.Tags));
			if (found) return found;
		}
		return undefined;
	};
	return ignoring(['FileSystemNotFound'], first());
}

const looks = new WeakMap<Aws, Map<string, Promise<AccessPointDescription[]>>>();

/** All of a file system; one call for those who ask within the same moment. */
function inOneLook({ aws }: Context<Aws>, fileSystemId: string): Promise<AccessPointDescription[]> {
	const current = looks.get(aws) ?? new Map<string, Promise<AccessPointDescription[]>>();
	looks.set(aws, current);
	const look = async (): Promise<AccessPointDescription[]> => {
		await delay(100);
		current.delete(fileSystemId);
		const pages = paginateDescribeAccessPoints({ client: aws.client(EFSClient) }, { FileSystemId: fileSystemId });
		const found: AccessPointDescription[] = [];
		for await (const { AccessPoints = [] } of pages) found.push(...AccessPoints);
		return found;
	};
	const answer = current.get(fileSystemId) ?? look();
	current.set(fileSystemId, answer);
	return answer;
}

async function adopt(ctx: Context<Aws>, accessPointId: string): Promise<Outputs> {
	const found = await describe(ctx, accessPointId);
	if (!found || !isOurs(ctx, found.Tags)) throw foreign('access point', accessPointId);
	return outputsOf(found);
}

async function describe(ctx: Context<Aws>, accessPointId: string): Promise<AccessPointDescription | undefined> {
	const answer = await ignoring(['AccessPointNotFound'], ctx.aws.client(EFSClient).send(new DescribeAccessPointsCommand({ AccessPointId: accessPointId })));
	return answer?.AccessPoints?.find(({ LifeCycleState }) => LifeCycleState !== 'deleted');
}

async function untilGone(ctx: Context<Aws>, accessPointId: string): Promise<void> {
	await until(ctx, async () => (await describe(ctx, accessPointId)) === undefined, `access point ${accessPointId} to be deleted`);
}
