import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type JsonObject } from '../engine/resource.ts';
import { contentHash } from './canonical.ts';
import { describeRole } from './iam.ts';
import { carriesNonce } from './ownership.ts';
import { ignoring, required } from './support.ts';

type Props = {
	/** Name of the role; the policy is a part of it and has no tags of its own. */
	role: string;
	name: string;
	/** Policy document; at most 10,240 characters over all inline policies of a role. */
	document: JsonObject;
};
type Outputs = { role: string; name: string; documentHash: string };

const roles = ['arn:{partition}:iam::{account}:role{role-path}{project}-*'];

export const IamRolePolicy = defineResource<Aws, Props, Outputs>({
	type: 'AWS::IAM::RolePolicy',
	standsOn: ['AWS::IAM::Role'],
	immutable: ['role', 'name'],
	collides: true,
	permissions: [
		{ actions: ['iam:GetRole', 'iam:GetRolePolicy'], on: roles },
		{ actions: ['iam:PutRolePolicy'], on: roles, for: 'up' },
		{ actions: ['iam:DeleteRolePolicy'], on: roles, for: 'teardown' },
	],

	id: ({ role, name }) => `${role}:${name}`,

	async find(ctx, { role, name }) {
		const documentHash = await currentHash(ctx, role, name);
		return documentHash === undefined ? undefined : { role, name, documentHash };
	},

	create: put,

	matches: ({ document }, { documentHash }) => contentHash(document) === documentHash,

	update: put,

	async remove(ctx, { role, name }) {
		const parent = await describeRole(ctx, role);
		if (!parent || !carriesNonce(ctx, parent.Tags)) return;
		await ignoring(['NoSuchEntityException'], ctx.aws.client(IAMClient).send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: name })));
	},

	exists: async (ctx, { role, name }) => (await currentHash(ctx, role, name)) !== undefined,
});

async function put(ctx: Context<Aws>, { role, name, document }: Props): Promise<Outputs> {
	await ctx.aws.client(IAMClient).send(new PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: JSON.stringify(document) }));
	// No call tells when it is in force: what runs under the role tries again while the role is young (permissions-lag.ts).
	ctx.note('in force within seconds, at most two minutes');
	return { role, name, documentHash: contentHash(document) };
}

async function currentHash(ctx: Context<Aws>, role: string, name: string): Promise<string | undefined> {
	const answer = await ignoring(['NoSuchEntityException'], ctx.aws.client(IAMClient).send(new GetRolePolicyCommand({ RoleName: role, PolicyName: name })));
	return answer && contentHash(JSON.parse(decodeURIComponent(required(answer.PolicyDocument))));
}
