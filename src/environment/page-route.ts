import { ACMClient, GetCertificateCommand } from '@aws-sdk/client-acm';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import type { Entries } from '../engine/state.ts';
import { notThere } from '../resources/load-balancing.ts';
import { plainName, recordsOf } from '../resources/route53.ts';
import { ignoring } from '../resources/support.ts';
import { namedAddress } from './recorded.ts';

/** The way to a web page whose load balancer listens on this machine: no DNS leads there, and no browser trusts its authority. */
export interface PageRoute {
	/** The page's name. */
	readonly name: string;
	/** A loopback address. */
	readonly address: string;
	readonly port: number;
	/** PEM of the authority that issued the page's certificate. */
	readonly authority: string;
}

/**
 * Asks as a resolver would: the record of the name, else the balancer.
 * @returns undefined where the page has no name, or one that leads into the world
 */
export async function pageRoute({ aws }: { aws: Aws }, entries: Entries): Promise<PageRoute | undefined> {
	const url = namedAddress(entries);
	if (url === undefined) return undefined;
	const { hostname: name } = new URL(url);
	const target = await targetOf(aws, entries, name);
	if (target === undefined || !isLoopback(`https://${target}`)) return undefined;
	const { hostname: address, port } = new URL(`https://${target}`);
	const authority = await authorityOf(aws, entries['listener-https']?.inputs['serves']);
	return authority === undefined ? undefined : { name, address, port: Number(port || 443), authority };
}

async function targetOf(aws: Aws, { record, 'load-balancer': balancer }: Entries, name: string): Promise<string | undefined> {
	const zone = record?.inputs['zoneId'];
	if (typeof zone === 'string') {
		const alias = (await recordsOf(aws, zone, name)).find(({ Type }) => Type === 'A')?.AliasTarget?.DNSName;
		return alias && plainName(alias);
	}
	if (balancer?.arn === undefined) return undefined;
	const answer = await ignoring(notThere, aws.client(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [balancer.arn] })));
	return answer?.LoadBalancers?.[0]?.DNSName;
}

/** The last certificate of the chain. */
async function authorityOf(aws: Aws, serves: unknown): Promise<string | undefined> {
	const { certificateArn } = (serves ?? {}) as { certificateArn?: string };
	if (certificateArn === undefined) return undefined;
	const { Certificate, CertificateChain = Certificate } = await aws.client(ACMClient).send(new GetCertificateCommand({ CertificateArn: certificateArn }));
	return CertificateChain?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)?.at(-1);
}
