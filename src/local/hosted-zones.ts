import type { Moto } from './moto.ts';
import { child, descendants, type Element, textOf } from './xml.ts';

export interface HostedZone {
	/** Without `/hostedzone/`. */
	readonly id: string;
	/** With its dot at the end. */
	readonly name: string;
	readonly isPrivate: boolean;
}

/** A record set; names are in lower case and end with a dot. */
export interface RecordSet {
	readonly name: string;
	readonly type: string;
	/** Sorted. */
	readonly values: readonly string[];
	readonly ttl: string | undefined;
	readonly alias: { readonly zoneId: string; readonly dnsName: string } | undefined;
	/** Of weighted and other such records. */
	readonly setIdentifier: string | undefined;
}

/** The zones of Route 53, as moto's books have them. */
export class HostedZones {
	readonly #moto: Moto;

	constructor(moto: Moto) {
		this.#moto = moto;
	}

	async list(): Promise<HostedZone[]> {
		const answer = await this.#get('ListHostedZones', '/2013-04-01/hostedzone');
		return descendants(answer, 'HostedZone').map(zoneOf);
	}

	/** @throws AwsError NoSuchHostedZone */
	async get(id: string): Promise<HostedZone> {
		const zone = child(await this.#get('GetHostedZone', `/2013-04-01/hostedzone/${id}`), 'HostedZone');
		if (!zone) throw new Error(`GetHostedZone answered without the zone ${id}`);
		return zoneOf(zone);
	}

	async records(id: string): Promise<RecordSet[]> {
		const answer = await this.#get('ListResourceRecordSets', `/2013-04-01/hostedzone/${id}/rrset`);
		return descendants(answer, 'ResourceRecordSet').map(recordSetOf);
	}

	/** Whether the world could see it. */
	async hasPublicRecord(name: string, type: string, value: string): Promise<boolean> {
		const zones = (await this.list()).filter((zone) => !zone.isPrivate && lies(name, zone.name));
		const records = (await Promise.all(zones.map(({ id }) => this.records(id)))).flat();
		return records.some((record) => record.name === absolute(name) && record.type === type && record.values.map(absolute).includes(absolute(value)));
	}

	#get(operation: string, target: string): Promise<Element> {
		return this.#moto.xml({ service: 'route53', region: 'us-east-1', operation }, 'GET', target);
	}
}

export function recordSetOf(shown: Element): RecordSet {
	const alias = child(shown, 'AliasTarget');
	return {
		name: absolute(textOf(shown, 'Name') ?? ''),
		type: textOf(shown, 'Type') ?? '',
		values: descendants(shown, 'Value').map(({ text }) => text).toSorted(),
		ttl: textOf(shown, 'TTL'),
		alias: alias && { zoneId: textOf(alias, 'HostedZoneId') ?? '', dnsName: absolute(textOf(alias, 'DNSName') ?? '') },
		setIdentifier: textOf(shown, 'SetIdentifier'),
	};
}

/** Whether a name lies in a zone. */
export function lies(name: string, zone: string): boolean {
	return absolute(name) === absolute(zone) || absolute(name).endsWith(`.${absolute(zone)}`);
}

/** In lower case, with a dot at the end. Route 53 writes `*` as `\052`. */
export function absolute(name: string): string {
	return `${name.toLowerCase().replaceAll('\\052', '*').replace(/\.$/, '')}.`;
}

function zoneOf(shown: Element): HostedZone {
	return { id: (textOf(shown, 'Id') ?? '').replace(/^\/hostedzone\//, ''), name: absolute(textOf(shown, 'Name') ?? ''), isPrivate: textOf(shown, 'Config', 'PrivateZone') === 'true' };
}
