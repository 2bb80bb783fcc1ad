import { GetRoleCommand, IAMClient, type Role } from '@aws-sdk/client-iam';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { ignoring } from './support.ts';

/** A role with its tags, or undefined. ListRoles and the tagging API show no tags of roles, only GetRole does. */
export async function describeRole(ctx: Pick<Context<Aws>, 'aws'>, name: string): Promise<Role | undefined> {
	const answer = await ignoring(['NoSuchEntityException'], ctx.aws.client(IAMClient).send(new GetRoleCommand({ RoleName: name })));
	return answer?.Role;
}
