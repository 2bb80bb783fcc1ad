import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { changeRecords, isSameName, plainName, recordGrants, recordsOf, recordTaken, untilInSync } from './route53.ts';

type Props = {
	zoneId: string;
	name: string;
	/** A load balancer's name, and the hosted zone of AWS that it lies in. */
	target: { dnsName: string; zoneId: string };
};
/** `change`: the last one of ours that may not be everywhere yet. */
type Outputs = { zoneId: string; name: string; target: { dnsName: string; zoneId: string }; change?: string };

/** An IPv4 address record that follows a load balancer. Untagged: it is ours where it leads to what we recorded, or to our balancer. */
export const AliasRecord = defineResource<Aws, Props, Outputs>({
	type: 'AWS::Route53::RecordSet',
	immutable: ['zoneId', 'name'],
	replacement: 'create-first',
	permissions: recordGrants,

	id: ({ name }) => `${name} A`,

	async find(ctx, { zoneId, name, target }, recorded) {
		const records = await recordsOf(ctx.aws, zoneId, name);
		const found = records.find(({ Type }) => Type === 'A');
		if (found && [target, recorded?.target].some((each) => leadsTo(found, each))) return outputsOf(zoneId, name, found);
		const other = found ?? records.find(({ Type = '' }) => ['AAAA', 'CNAME'].includes(Type));
		if (other) throw recordTaken(zoneId, other);
		return undefined;
	},

	async create(ctx, { zoneId, name, target }) {
		const change = await changeRecords(ctx, zoneId, [{ Action: 'CREATE', ResourceRecordSet: aliasOf(name, target) }]);
		return { zoneId, name, target, change };
	},

	async wait(ctx, outputs) {
		if (outputs.change !== undefined) await untilInSync(ctx, outputs.change);
		return outputs;
	},

	matches: ({ target }, found) => isSameName(target.dnsName, found.target.dnsName),

	/** Both in one: the name leads somewhere all the time. */
	async update(ctx, { zoneId, name, target }, present) {
		const change = await changeRecords(ctx, zoneId, [
			{ Action: 'DELETE', ResourceRecordSet: aliasOf(name, present.target) },
			{ Action: 'CREATE', ResourceRecordSet: aliasOf(name, target) },
		]);
		return { zoneId, name, target, change };
	},

	async remove(ctx, outputs) {
		const record = await current(ctx, outputs);
		if (record) await changeRecords(ctx, outputs.zoneId, [{ Action: 'DELETE', ResourceRecordSet: record }]);
	},

	exists: async (ctx, outputs) => (await current(ctx, outputs)) !== undefined,
});

/** The record, where it is still the one that we recorded. */
async function current({ aws }: Context<Aws>, { zoneId, name, target }: Outputs): Promise<ResourceRecordSet | undefined> {
	return (await recordsOf(aws, zoneId, name)).find((record) => record.Type === 'A' && leadsTo(record, target));
}

function leadsTo({ AliasTarget }: ResourceRecordSet, target: Props['target'] | undefined): boolean {
	return target !== undefined && isSameName(AliasTarget?.DNSName, target.dnsName);
}

function aliasOf(name: string, { dnsName, zoneId }: Props['target']): ResourceRecordSet {
	return { Name: name, Type: 'A', AliasTarget: { DNSName: dnsName, HostedZoneId: zoneId, EvaluateTargetHealth: false } };
}

function outputsOf(zoneId: string, name: string, { AliasTarget }: ResourceRecordSet): Outputs {
	return { zoneId, name, target: { dnsName: plainName(AliasTarget?.DNSName ?? ''), zoneId: AliasTarget?.HostedZoneId ?? '' } };
}
