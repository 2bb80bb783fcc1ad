import type { Entry } from '../engine/entry.ts';
import type { JsonObject } from '../engine/resource.ts';
import { type CostLine, databaseCost, fargate } from './cost.ts';
import { hoursPerMonth, prices } from './prices.ts';

/** An object that stays, and its record where there is one. */
export interface Staying {
	readonly key: string;
	readonly type: string;
	readonly entry?: Entry | undefined;
}

type Price = (staying: Staying, records: readonly Entry[]) => Omit<CostLine, 'key'> | undefined;

/** Kinds that cost something by standing there; all others cost nothing by themselves, or by use. */
const byType: Readonly<Record<string, Price>> = {
	'AWS::ECS::Service': serviceCost,
	'AWS::RDS::DBInstance': ({ entry }) => databaseCost({ dbInstanceClass: text(entry?.inputs, 'instanceClass'), dbStorageGb: number(entry?.inputs, 'storageGb') }),
	'AWS::RDS::DBSnapshot': (_, records) => snapshotCost(records),
	'AWS::RDS::DBInstanceAutomatedBackup': (_, records) => snapshotCost(records),
	'AWS::ElasticLoadBalancingV2::LoadBalancer': () => ({ perHour: prices.balancerHour, assumption: 'an application load balancer that nobody uses' }),
	'AWS::SecretsManager::Secret': () => ({ perHour: prices.secretMonth / hoursPerMonth, assumption: '1 secret' }),
	'AWS::EFS::FileSystem': () => ({ perHour: (0.1 * prices.efsGbMonth) / hoursPerMonth, assumption: '0.1 GB on EFS' }),
	'AWS::ECR::Repository': () => ({ perHour: (1.5 * prices.ecrGbMonth) / hoursPerMonth, assumption: '1.5 GB of images' }),
	'AWS::S3::Bucket': () => ({ perHour: (0.1 * prices.s3GbMonth) / hoursPerMonth, assumption: '0.1 GB in the bucket' }),
};

/** What stays after a teardown costs this, a line for each object that costs anything. @param records of all that was there */
export function stayingCost(staying: readonly Staying[], records: readonly Entry[]): CostLine[] {
	return staying.flatMap((each) => {
		const cost = byType[each.type]?.(each, records);
		return cost === undefined ? [] : [{ key: each.key, ...cost }];
	});
}

function serviceCost({ key, entry }: Staying, records: readonly Entry[]): Omit<CostLine, 'key'> | undefined {
	const tasks = number(entry?.inputs, 'desiredCount');
	const definition = records.find(({ arn }) => arn !== undefined && arn === entry?.inputs['taskDefinition'])?.inputs['definition'] as JsonObject | undefined;
	if (tasks === 0) return undefined;
	const { perHour, assumption } = fargate(key, Number(text(definition, 'cpu')), Number(text(definition, 'memory')));
	const addresses = entry?.inputs['assignPublicIp'] === true ? prices.publicIpv4Hour : 0;
	return { perHour: perHour + addresses, assumption };
}

/** At most as much as the database has storage. */
function snapshotCost(records: readonly Entry[]): Omit<CostLine, 'key'> {
	const gb = number(records.find(({ type }) => type === 'AWS::RDS::DBInstance')?.inputs, 'storageGb');
	return { perHour: (gb * prices.snapshotGbMonth) / hoursPerMonth, assumption: `up to ${gb} GB of a snapshot` };
}

function text(inputs: JsonObject | undefined, name: string): string {
	const value = inputs?.[name];
	return typeof value === 'string' ? value : '';
}

function number(inputs: JsonObject | undefined, name: string): number {
	return Number(inputs?.[name] ?? 0);
}
