import { CreateServiceLinkedRoleCommand, GetRoleCommand, IAMClient, type Role } from '@aws-sdk/client-iam';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { ignoring, required, until } from './support.ts';

/** Names that AWS gives them: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html */
const names = {
	'ecs.amazonaws.com': 'AWSServiceRoleForECS',
	'rds.amazonaws.com': 'AWSServiceRoleForRDS',
	'elasticfilesystem.amazonaws.com': 'AWSServiceRoleForAmazonElasticFileSystem',
	'elasticloadbalancing.amazonaws.com': 'AWSServiceRoleForElasticLoadBalancing',
} as const;

type Props = { service: keyof typeof names };
type Outputs = { service: string; name: string; arn: string };

/** The role by which an AWS service acts in this account. One per account, shared with everything else in it. */
export const ServiceLinkedRole = defineResource<Aws, Props, Outputs>({
	type: 'AWS::IAM::ServiceLinkedRole',
	kept: 'one per account, and other things of the account may use it',
	immutable: ['service'],
	permissions: [
		// One that is not there has no path: refusals name it `role AWSServiceRoleFor…`.
		{ actions: ['iam:GetRole'], on: ['arn:{partition}:iam::{account}:role/aws-service-role/*', 'arn:{partition}:iam::{account}:role/AWSServiceRoleFor*'] },
		{
			actions: ['iam:CreateServiceLinkedRole'],
			on: ['arn:{partition}:iam::{account}:role/aws-service-role/*'],
			for: 'up',
			condition: { StringEquals: { 'iam:AWSServiceName': Object.keys(names) } },
		},
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { service }) {
		const role = await describe(ctx, names[service]);
		return role && { service, name: names[service], arn: required(role.Arn) };
	},

	async create(ctx, { service }) {
		const name = names[service];
		try {
			const { Role } = await ctx.aws.client(IAMClient).send(new CreateServiceLinkedRoleCommand({ AWSServiceName: service }));
			return { service, name, arn: required(Role?.Arn) };
		} catch (error) {
			// "Service role name … has been taken in this account": the service or another run made it a moment ago.
			if (!(error instanceof Error)) throw error;
			if (/has been taken in this account/i.test(error.message)) return { service, name, arn: arnOf(ctx, service) };
			throw /AccessDenied/i.test(error.name) ? forbidden(service, error) : error;
		}
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs.name)) !== undefined, `role ${outputs.name} to become visible`, { atMost: 120 });
		return outputs;
	},

	async remove() {},

	exists: async (ctx, { name }) => (await describe(ctx, name)) !== undefined,
});

async function describe(ctx: Context<Aws>, name: string): Promise<Role | undefined> {
	const answer = await ignoring(['NoSuchEntityException'], ctx.aws.client(IAMClient).send(new GetRoleCommand({ RoleName: name })));
	return answer?.Role;
}

function arnOf({ aws }: Context<Aws>, service: Props['service']): string {
	return `arn:${aws.partition}:iam::${aws.account}:role/aws-service-role/${service}/${names[service]}`;
}

function forbidden(service: string, cause: Error): UserError {
	return new UserError('ServiceLinkedRoleForbidden', `the service-linked role of ${service} is missing and may not be made: ${cause.message}`, {
		hint: `an administrator can make it: aws iam create-service-linked-role --aws-service-name ${service}`,
		cause,
	});
}
