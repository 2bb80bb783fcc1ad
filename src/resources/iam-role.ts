import {
	CreateRoleCommand,
	DeleteRoleCommand,
	DeleteRolePermissionsBoundaryCommand,
	IAMClient,
	ListAttachedRolePoliciesCommand,
	ListInstanceProfilesForRoleCommand,
	ListRolePoliciesCommand,
	PutRolePermissionsBoundaryCommand,
	type Role,
	TagRoleCommand,
	UntagRoleCommand,
	UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type JsonObject } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { canonical } from './canonical.ts';
import { describeRole } from './iam.ts';
import { carriesNonce } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';
import { tagging } from './tagging.ts';

type Props = {
	/** At most 64 characters, unique in the account without case and across regions. */
	name: string;
	/** Who may assume it, e.g. `ecs-tasks.amazonaws.com`. */
	service: string;
	/** For which of its objects (ArnLike): keeps other accounts from using the service as their deputy. */
	sourceArn: string;
	/** `/` or `/…/`. */
	path: string;
	permissionsBoundary: string | null;
};
type Outputs = { name: string; arn: string; trust: string; permissionsBoundary: string | null };

const roles = ['arn:{partition}:iam::{account}:role{role-path}{project}-*'];

export const IamRole = defineResource<Aws, Props, Outputs>({
	type: 'AWS::IAM::Role',
	immutable: ['name', 'path'],
	replacement: 'delete-first',
	parts: ['AWS::IAM::RolePolicy'],
	collides: true,
	permissions: [
		// A role that is not there has no path: refusals name it `role NAME`.
		{ actions: ['iam:GetRole'], on: [...roles, 'arn:{partition}:iam::{account}:role/{project}-*'] },
		{ actions: ['iam:CreateRole', 'iam:TagRole', 'iam:UntagRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePermissionsBoundary', 'iam:DeleteRolePermissionsBoundary'], on: roles, for: 'up' },
		{ actions: ['iam:DeleteRole', 'iam:ListRolePolicies', 'iam:ListAttachedRolePolicies', 'iam:ListInstanceProfilesForRole'], on: roles, for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const role = await describeRole(ctx, name);
		if (role && !isOurs(ctx, role.Tags)) throw foreign('the IAM role', name);
		return role && outputsOf(role);
	},

	async create(ctx, props) {
		const { name, path, permissionsBoundary } = props;
		const create = new CreateRoleCommand({
			RoleName: name,
			Path: path,
			AssumeRolePolicyDocument: canonical(trustPolicy(props, ctx.aws.account)),
			...(permissionsBoundary === null ? {} : { PermissionsBoundary: permissionsBoundary }),
			Tags: tagList(ctx.tags),
		});
		const { Role } = await ctx.aws.client(IAMClient).send(create);
		return { name, arn: required(Role?.Arn), trust: canonical(trustPolicy(props, ctx.aws.account)), permissionsBoundary };
	},

	matches: (props, { arn, trust, permissionsBoundary }) =>
		trust === canonical(trustPolicy(props, arn.split(':')[4] ?? '')) && permissionsBoundary === props.permissionsBoundary,

	async update(ctx, props, outputs) {
		const iam = ctx.aws.client(IAMClient);
		const trust = canonical(trustPolicy(props, ctx.aws.account));
		if (trust !== outputs.trust) await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: props.name, PolicyDocument: trust }));
		if (props.permissionsBoundary !== outputs.permissionsBoundary) await setBoundary(iam, props);
		return { ...outputs, trust, permissionsBoundary: props.permissionsBoundary };
	},

	tag: tagging(
		({ aws }, { name }, Tags) => aws.client(IAMClient).send(new TagRoleCommand({ RoleName: name, Tags })),
		({ aws }, { name }, TagKeys) => aws.client(IAMClient).send(new UntagRoleCommand({ RoleName: name, TagKeys })),
	),

	async remove(ctx, { name }) {
		const role = await describeRole(ctx, name);
		if (!role || !carriesNonce(ctx, role.Tags)) return;
		try {
			await ignoring(['NoSuchEntityException'], ctx.aws.client(IAMClient).send(new DeleteRoleCommand({ RoleName: name })));
		} catch (error) {
			throw error instanceof Error && error.name === 'DeleteConflictException' ? await roleInUse(ctx, name, error) : error;
		}
	},

	async exists(ctx, { name }) {
		const role = await describeRole(ctx, name);
		return role !== undefined && carriesNonce(ctx, role.Tags);
	},
});

function outputsOf(role: Role): Outputs {
	return {
		name: required(role.RoleName),
		arn: required(role.Arn),
		trust: canonical(JSON.parse(decodeURIComponent(required(role.AssumeRolePolicyDocument)))),
		permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
	};
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html: the account and any object of ECS in it. */
function trustPolicy({ service, sourceArn }: Props, account: string): JsonObject {
	const condition = { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': sourceArn } };
	const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole', Condition: condition };
	return { Version: '2012-10-17', Statement: [statement] };
}

async function setBoundary(iam: IAMClient, { name, permissionsBoundary }: Props): Promise<void> {
	if (permissionsBoundary === null) await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: name }));
	else await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: permissionsBoundary }));
}

/** Our own inline policies are gone by now: what still hangs on the role was put there by somebody else. */
async function roleInUse(ctx: Context<Aws>, RoleName: string, cause: Error): Promise<UserError> {
	const iam = ctx.aws.client(IAMClient);
	const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
	const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
	const { InstanceProfiles } = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
	const commands = [
		...(PolicyNames ?? []).map((name) => `aws iam delete-role-policy --role-name ${RoleName} --policy-name ${name}`),
		...(AttachedPolicies ?? []).map(({ PolicyArn }) => `aws iam detach-role-policy --role-name ${RoleName} --policy-arn ${PolicyArn}`),
		...(InstanceProfiles ?? []).map((profile) => `aws iam remove-role-from-instance-profile --role-name ${RoleName} --instance-profile-name ${profile.InstanceProfileName}`),
	];
	return new UserError('RoleInUse', `the IAM role ${RoleName} cannot be deleted: policies or profiles hang on it that airflow-deploy did not make`, {
		hint: `${commands.join(' && ')}, then run the same command again`,
		cause,
	});
}
