import type { Account, Laws } from '../account.ts';
import type { Call } from '../front/call.ts';
import { AwsError } from '../front/failure.ts';
import { absolute, lies, type RecordSet, recordSetOf } from '../hosted-zones.ts';
import { child, descendants, parseXml, textOf } from '../xml.ts';

/** Changes of record sets are all made or none, and say what stands in their way. */
export function route53Laws({ zones, balancers }: Account): Laws {
	return {
		ChangeResourceRecordSets: {
			async before(call) {
				const zone = await zones.get(zoneIn(call));
				const records = await zones.records(zone.id);
				const changes = descendants(parseXml(call.body?.toString() ?? ''), 'Change').map((change) => {
					const set = child(change, 'ResourceRecordSet');
					if (!set) throw new AwsError('InvalidInput', 'Invalid XML ; a change needs a ResourceRecordSet');
					return { action: textOf(change, 'Action') ?? '', record: recordSetOf(set) };
				});
				const problems: string[] = [];
				let then = records;
				for (const { action, record } of changes) {
					problems.push(...problemsWith(action, record, then, zone.name), ...(action === 'DELETE' ? [] : aliasProblems(record, balancers.dnsNames)));
					then = after(action, record, then);
				}
				if (problems.length > 0) throw new AwsError('InvalidChangeBatch', `[${problems.join(', ')}]`);
			},
		},
	};
}

function zoneIn({ url }: Call): string {
	return /\/hostedzone\/([^/]+)\/rrset/.exec(url.pathname)?.[1] ?? '';
}

function problemsWith(action: string, record: RecordSet, present: readonly RecordSet[], zone: string): string[] {
	const { name, type } = record;
	if (!lies(name, zone)) return [`RRSet with DNS name ${name} is not permitted in zone ${zone}`];
	const same = present.find((other) => isSame(other, record));
	if (action === 'DELETE') {
		if (!same) return [`Tried to delete resource record set [name='${name}', type='${type}'] but it was not found`];
		return isEqual(same, record) ? [] : [`Tried to delete resource record set [name='${name}', type='${type}'] but the values provided do not match the current values`];
	}
	if (action === 'CREATE' && same) return [`Tried to create resource record set [name='${name}', type='${type}'] but it already exists`];
	const others = present.filter((other) => other.name === name && !isSame(other, record));
	const conflict = others.some((other) => (type === 'CNAME') !== (other.type === 'CNAME'));
	return conflict ? [`RRSet of type ${type} with DNS name ${name} is not permitted because a conflicting RRSet of type ${others[0]?.type} with the same DNS name already exists in zone ${zone}`] : [];
}

/** An alias leads to a balancer that there is. */
function aliasProblems({ alias, type }: RecordSet, balancers: readonly string[]): string[] {
	if (!alias || balancers.some((name) => absolute(name) === alias.dnsName)) return [];
	return [`Tried to create an alias that targets ${alias.dnsName}, type ${type} in zone ${alias.zoneId}, but that target was not found`];
}

function after(action: string, record: RecordSet, present: readonly RecordSet[]): RecordSet[] {
	const others = present.filter((other) => !isSame(other, record));
	return action === 'DELETE' ? others : [...others, record];
}

const isSame = (a: RecordSet, b: RecordSet): boolean => a.name === b.name && a.type === b.type && a.setIdentifier === b.setIdentifier;
const isEqual = (a: RecordSet, b: RecordSet): boolean => JSON.stringify([a.values, a.ttl, a.alias]) === JSON.stringify([b.values, b.ttl, b.alias]);
