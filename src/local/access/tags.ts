import type { Moto } from '../moto.ts';
import { descendants, type Element, items, textOf } from '../xml.ts';

export type Tags = Readonly<Record<string, string>>;

interface Place {
	readonly moto: Moto;
	/** ListTagsForResource of the local ECS. */
	readonly ecsTags: (region: string, arn: string) => Promise<Tags>;
}

/** Finds the tags of an object by its ARN, as policies with aws:ResourceTag need them; none where it is not there. */
export async function tagsByArn(place: Place, arn: string): Promise<Tags> {
	const [, , service = '', region = '', , ...rest] = arn.split(':');
	const find = finders[service];
	if (!find || arn.endsWith('*')) return {};
	return find(place, { arn, region: region === '' ? 'us-east-1' : region, part: rest.join(':') }).catch(() => ({}));
}

interface Wanted {
	readonly arn: string;
	readonly region: string;
	/** What follows the account: `subnet/subnet-1`. */
	readonly part: string;
}

const id = (part: string): string => part.split('/').at(-1) ?? '';

const finders: Readonly<Record<string, (place: Place, wanted: Wanted) => Promise<Tags>>> = {
	ec2: async ({ moto }, { region, part }) => pairs(items(await moto.query({ service: 'ec2', region, operation: 'DescribeTags' }, { 'Filter.1.Name': 'resource-id', 'Filter.1.Value.1': id(part) }), 'tagSet'), 'key', 'value'),
	ecs: ({ ecsTags }, { region, arn }) => ecsTags(region, arn),
	elasticfilesystem: async ({ moto }, { region, part }) => record((await moto.rest({ service: 'elasticfilesystem', region, operation: 'ListTagsForResource' }, 'GET', `/2015-02-01/resource-tags/${id(part)}`))['Tags']),
	elasticloadbalancing: async ({ moto }, { region, arn }) => pairs(descendants(await moto.query({ service: 'elasticloadbalancing', region, operation: 'DescribeTags' }, { 'ResourceArns.member.1': arn, Version: '2015-12-01' }), 'member').filter((each) => textOf(each, 'Key') !== undefined), 'Key', 'Value'),
	iam: async ({ moto }, { region, part }) => pairs(items(await moto.query({ service: 'iam', region, operation: 'ListRoleTags' }, { RoleName: id(part) }), 'ListRoleTagsResult', 'Tags'), 'Key', 'Value'),
	rds: async ({ moto }, { region, arn }) => pairs(descendants(await moto.query({ service: 'rds', region, operation: 'ListTagsForResource' }, { ResourceName: arn }), 'Tag'), 'Key', 'Value'),
	logs: async ({ moto }, { region, arn }) => record((await moto.json({ service: 'logs', region, operation: 'ListTagsForResource' }, 'Logs_20140328', { resourceArn: arn.replace(/:log-stream:.*$/, '') }))['tags']),
	secretsmanager: async ({ moto }, { region, arn }) => record((await moto.json({ service: 'secretsmanager', region, operation: 'DescribeSecret' }, 'secretsmanager', { SecretId: arn }))['Tags']),
	ecr: async ({ moto }, { region, arn }) => record((await moto.json({ service: 'ecr', region, operation: 'ListTagsForResource' }, 'AmazonEC2ContainerRegistry_V20150921', { resourceArn: arn }))['tags']),
	acm: async ({ moto }, { region, arn }) => record((await moto.json({ service: 'acm', region, operation: 'ListTagsForCertificate' }, 'CertificateManager', { CertificateArn: arn }))['Tags']),
};

function pairs(elements: readonly Element[], key: string, value: string): Tags {
	return Object.fromEntries(elements.map((each) => [textOf(each, key) ?? '', textOf(each, value) ?? '']));
}

/** A list of `{ Key, Value }`, or a map. */
export function record(list: unknown): Tags {
	if (!Array.isArray(list)) return { ...(list as Tags | undefined) };
	return Object.fromEntries((list as Tags[]).map((tag) => [tag['Key'] ?? tag['key'] ?? '', tag['Value'] ?? tag['value'] ?? '']));
}
