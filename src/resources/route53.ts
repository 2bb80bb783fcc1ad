import { type Change, ChangeResourceRecordSetsCommand, GetChangeCommand, ListResourceRecordSetsCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import type { Aws } from '../aws/clients.ts';
import type { Context, Grant } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { retrying } from './retrying.ts';
import { ignoring, required, until } from './support.ts';

const zones = ['arn:{partition}:route53:::hostedzone/*'];

export const recordGrants: readonly Grant[] = [
	{ actions: ['route53:ChangeResourceRecordSets', 'route53:ListResourceRecordSets'], on: zones },
	{ actions: ['route53:GetChange'], on: ['arn:{partition}:route53:::change/*'] },
];

/** The record sets of a name, of all types; none where the zone is gone. */
export async function recordsOf(aws: Aws, zoneId: string, name: string): Promise<ResourceRecordSet[]> {
	const list = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, StartRecordName: name });
	const answer = await ignoring(['NoSuchHostedZone'], aws.client(Route53Client).send(list));
	return (answer?.ResourceRecordSets ?? []).filter((record) => isSameName(record.Name, name));
}

/** All changes are made, or none. @returns the change's id, for `untilInSync` */
export async function changeRecords(ctx: Context<Aws>, zoneId: string, changes: Change[]): Promise<string> {
	const change = new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Comment: `airflow-deploy ${ctx.scope} ${ctx.key}`, Changes: changes } });
	const { ChangeInfo } = await retrying(ctx, () => ctx.aws.client(Route53Client).send(change), { passing: /PriorRequestNotComplete|Throttling/, why: 'waiting for another change of the zone' });
	return required(ChangeInfo?.Id).replace(/^\/change\//, '');
}

/** Until all of Route 53's servers know it: up to a minute. */
export async function untilInSync(ctx: Context<Aws>, change: string): Promise<void> {
	const isKnown = async (): Promise<boolean> => {
		const answer = await ignoring(['NoSuchChange'], ctx.aws.client(Route53Client).send(new GetChangeCommand({ Id: change })));
		return answer?.ChangeInfo?.Status !== 'PENDING';
	};
	await until(ctx, isKnown, "Route 53's servers to know the record");
}

/** Route 53 writes names in lower case, with a dot at the end, and `*` as `\052`. */
export function isSameName(a: string | undefined, b: string | undefined): boolean {
	return a !== undefined && b !== undefined && plainName(a) === plainName(b);
}

export function plainName(name: string): string {
	return name.toLowerCase().replaceAll('\\052', '*').replace(/\.$/, '');
}

/** Someone else's record has the name: it is never changed. */
export function recordTaken(zoneId: string, { Name = '', Type, ResourceRecords, AliasTarget }: ResourceRecordSet): UserError {
	const value = AliasTarget?.DNSName ?? ResourceRecords?.map(({ Value }) => Value).join(', ') ?? '';
	return new UserError('RecordTaken', `${plainName(Name)} has a record already (${[Type, value].join(' ')}), which this environment did not make: it is left as it is`, {
		hint: `set AIRFLOW_DEPLOY_DOMAIN to another name, or remove the record from zone ${zoneId} and run the same command again`,
	});
}
