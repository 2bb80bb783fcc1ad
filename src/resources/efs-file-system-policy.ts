import { DeleteFileSystemPolicyCommand, DescribeFileSystemPolicyCommand, EFSClient, PutFileSystemPolicyCommand } from '@aws-sdk/client-efs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type JsonObject } from '../engine/resource.ts';
import { fileSystemArn } from './efs.ts';
import { grantsObject } from './ownership.ts';
import { samePolicy } from './policy-document.ts';
import { retrying } from './retrying.ts';
import { ignoring } from './support.ts';

type Props = { fileSystemId: string; fileSystemArn: string };
/** `upToDate`: whether the policy in force is the one below. */
type Outputs = { fileSystemId: string; upToDate: boolean };

/**
 * Who may mount: principals of this account that their own policies allow to, through an access point, over TLS.
 * Without a policy EFS lets in everyone who reaches a mount target.
 */
export const FileSystemPolicy = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EFS::FileSystemPolicy',
	standsOn: ['AWS::EFS::FileSystem'],
	immutable: ['fileSystemId'],
	permissions: [
		{ actions: ['elasticfilesystem:DescribeFileSystemPolicy'], on: [fileSystemArn] },
		{ actions: ['elasticfilesystem:PutFileSystemPolicy'], on: [fileSystemArn], for: 'up', condition: grantsObject },
		{ actions: ['elasticfilesystem:DeleteFileSystemPolicy'], on: [fileSystemArn], condition: grantsObject },
	],

	id: ({ fileSystemId }) => fileSystemId,

	async find(ctx, props) {
		const found = await read(ctx, props.fileSystemId);
		return found && { fileSystemId: props.fileSystemId, upToDate: samePolicy(found, policy(ctx, props)) };
	},

	create: put,
	matches: (_props, { upToDate }) => upToDate,
	update: put,

	async remove(ctx, { fileSystemId }) {
		await ignoring(['FileSystemNotFound', 'PolicyNotFound'], ctx.aws.client(EFSClient).send(new DeleteFileSystemPolicyCommand({ FileSystemId: fileSystemId })));
	},

	exists: async (ctx, { fileSystemId }) => (await read(ctx, fileSystemId)) !== undefined,
});

async function put(ctx: Context<Aws>, props: Props): Promise<Outputs> {
	const command = new PutFileSystemPolicyCommand({ FileSystemId: props.fileSystemId, Policy: JSON.stringify(policy(ctx, props)) });
	await retrying(ctx, () => ctx.aws.client(EFSClient).send(command), {
		passing: /^(InvalidPolicyException|IncorrectFileSystemLifeCycleState)/,
		why: 'waiting until EFS takes the policy',
		atMost: 45,
	});
	return { fileSystemId: props.fileSystemId, upToDate: true };
}

async function read(ctx: Context<Aws>, fileSystemId: string): Promise<object | undefined> {
	const answer = await ignoring(['PolicyNotFound', 'FileSystemNotFound'], ctx.aws.client(EFSClient).send(new DescribeFileSystemPolicyCommand({ FileSystemId: fileSystemId })));
	return answer?.Policy === undefined ? undefined : (JSON.parse(answer.Policy) as object);
}

function policy({ aws }: Context<Aws>, { fileSystemArn }: Props): JsonObject {
	const accessPoints = `arn:${aws.partition}:elasticfilesystem:${aws.region}:${aws.account}:access-point/*`;
	const mount = ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'];
	return {
		Version: '2012-10-17',
		Statement: [
			{
				Sid: 'AccountThroughAccessPoints',
				Effect: 'Allow',
				Principal: { AWS: `arn:${aws.partition}:iam::${aws.account}:root` },
				Action: mount,
				Resource: fileSystemArn,
				Condition: { StringLike: { 'elasticfilesystem:AccessPointArn': accessPoints } },
			},
			{
				// The roles' own policies would allow a mount of the root as well.
				Sid: 'NoMountOfTheRoot',
				Effect: 'Deny',
				Principal: { AWS: '*' },
				Action: [...mount, 'elasticfilesystem:ClientRootAccess'],
				Resource: fileSystemArn,
				Condition: { Null: { 'elasticfilesystem:AccessPointArn': 'true' } },
			},
			{ Sid: 'TlsOnly', Effect: 'Deny', Principal: { AWS: '*' }, Action: '*', Resource: fileSystemArn, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
		],
	};
}
