import type { Context, Grant } from '../engine/resource.ts';
import { UserError } from '../errors.ts';

/** Restricts a grant to objects tagged with the project; `aws:ResourceTag` never matches in the call that creates them. */
export const grantsObject: NonNullable<Grant['condition']> = { StringEquals: { 'aws:ResourceTag/airflow-deploy:project': '{project}' } };
/** Restricts a create call to those that tag with the project. */
export const grantsRequest: NonNullable<Grant['condition']> = { StringEquals: { 'aws:RequestTag/airflow-deploy:project': '{project}' } };

type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;

export function nonceOf({ identity }: Pick<Context, 'identity'>): string {
	const nonce = identity['airflow-deploy:nonce'];
	if (nonce === undefined) throw new Error('the identity of a node lacks its nonce');
	return nonce;
}

export function nonceIn(tags: Tags): string | undefined {
	return tags?.find(({ Key }) => Key === 'airflow-deploy:nonce')?.Value;
}

/**
 * Before a removal: the nonce alone counts, since a replaced object carries another key.
 * @param what e.g. `VPC vpc-1`
 * @throws UserError `ForeignObject`
 */
export function assertOurs(ctx: Pick<Context, 'identity'>, what: string, tags: Tags): void {
	if (nonceIn(tags) !== nonceOf(ctx)) throw notOurs(what, 'its airflow-deploy:nonce tag is not that of this environment');
}

export function notOurs(what: string, why: string): UserError {
	return new UserError('ForeignObject', `${what} was left alone: ${why}`, { hint: 'look at it in the AWS console; what this tool made is listed by: airflow-deploy state list' });
}

/** The same as a question, for objects with a name of ours: where it is another's now, ours is gone. */
export function carriesNonce(ctx: Pick<Context, 'identity'>, tags: Tags): boolean {
	return nonceIn(tags) === nonceOf(ctx);
}
