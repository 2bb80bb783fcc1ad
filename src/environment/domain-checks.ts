import { resolveNs } from 'node:dns/promises';
import { GetHostedZoneCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import type { Entries } from '../engine/state.ts';
import { UserError } from '../errors.ts';
import { describeCertificate } from '../resources/acm.ts';
import { isSameName, plainName, recordsOf, recordTaken } from '../resources/route53.ts';
import { ignoring } from '../resources/support.ts';
import type { Options } from './options.ts';

/**
 * The page's name: its zone, what stands there already, and the certificate that was given.
 * @param recorded of the environment
 * @throws UserError before anything is made
 */
export async function assertDomain(options: Options, recorded: Entries): Promise<void> {
	const { aws, config, warn } = options;
	const { domain, certificateArn, hostedZoneId } = config;
	if (domain === undefined) return;
	const checks = [];
	if (certificateArn !== undefined) checks.push(assertCertificate(aws, domain, certificateArn));
	if (hostedZoneId !== undefined) checks.push(assertZone(options, { domain, zoneId: hostedZoneId, recorded, requests: certificateArn === undefined && recorded['certificate-issued']?.status !== 'ready' }));
	else warn(`${domain} is yours to point at the load balancer, with a CNAME or an alias record: ${addressOf(recorded)}`);
	await Promise.all(checks);
}

function addressOf({ 'load-balancer': balancer }: Entries): string {
	const name = balancer?.outputs?.['dnsName'];
	return typeof name === 'string' ? name : 'its address is said once it stands';
}

async function assertCertificate(aws: Aws, domain: string, arn: string): Promise<void> {
	const certificate = await describeCertificate(aws, arn);
	if (!certificate) throw unfit(`there is no certificate ${arn} in account ${aws.account}`, `aws acm list-certificates --region ${aws.region}`);
	const { Status, SubjectAlternativeNames = [] } = certificate;
	if (Status !== 'ISSUED') throw unfit(`certificate ${arn} is ${Status}, and only one that is ISSUED serves`, `aws acm describe-certificate --region ${aws.region} --certificate-arn ${arn}`);
	if (!SubjectAlternativeNames.some((name) => covers(name, domain))) throw unfit(`certificate ${arn} is for ${SubjectAlternativeNames.join(', ')}, which does not cover ${domain}`, 'set AIRFLOW_DEPLOY_CERTIFICATE_ARN to another one, or AIRFLOW_DEPLOY_HOSTED_ZONE_ID alone to have one requested');
}

/** A `*` stands for one label. */
export function covers(name: string, domain: string): boolean {
	return isSameName(name, domain) || (name.startsWith('*.') && isSameName(name.slice(2), domain.slice(domain.indexOf('.') + 1)));
}

interface Wanted {
	readonly domain: string;
	readonly zoneId: string;
	readonly recorded: Entries;
	/** Whether a certificate has yet to be validated through the zone. */
	readonly requests: boolean;
}

async function assertZone({ aws, warn }: Options, { domain, zoneId, recorded, requests }: Wanted): Promise<void> {
	const answer = await ignoring(['NoSuchHostedZone'], aws.client(Route53Client).send(new GetHostedZoneCommand({ Id: zoneId })));
	const zone = answer?.HostedZone;
	if (!zone) throw unfit(`there is no hosted zone ${zoneId}`, 'aws route53 list-hosted-zones');
	const name = plainName(zone.Name ?? '');
	if (domain !== name && !domain.endsWith(`.${name}`)) throw unfit(`${domain} does not lie in hosted zone ${zoneId}, which is ${name}`, 'aws route53 list-hosted-zones');
	if (zone.Config?.PrivateZone === true) throw unfit(`hosted zone ${zoneId} (${name}) is private: neither people nor ACM can see what stands in it`, 'set AIRFLOW_DEPLOY_HOSTED_ZONE_ID to the public zone of the same name');
	await assertNameFree(aws, zoneId, domain, recorded);
	if (!requests) return;
	await assertAmazonAllowed(aws, zoneId, domain, name);
	// An endpoint on this machine is asked for its records itself; the world need not see them.
	if (!isLoopback(aws.endpoint)) await assertDelegated({ warn, zoneId, name, servers: answer.DelegationSet?.NameServers ?? [] });
}

async function assertNameFree(aws: Aws, zoneId: string, domain: string, recorded: Entries): Promise<void> {
	const { zoneId: ours, name } = recorded['record']?.inputs ?? {};
	if (ours === zoneId && name === domain) return;
	const taken = (await recordsOf(aws, zoneId, domain)).find(({ Type = 'TXT' }) => ['A', 'AAAA', 'CNAME'].includes(Type));
	if (taken) throw recordTaken(zoneId, taken);
}

/** A CAA record of the name, or of the nearest name above it, says who may issue certificates (RFC 8659). */
async function assertAmazonAllowed(aws: Aws, zoneId: string, domain: string, zone: string): Promise<void> {
	const depth = domain.split('.').length - zone.split('.').length;
	const names = Array.from({ length: depth + 1 }, (_, index) => domain.split('.').slice(index).join('.'));
	for (const name of names) {
		const caa = (await recordsOf(aws, zoneId, name)).find(({ Type }) => Type === 'CAA');
		if (!caa) continue;
		if (allowsAmazon(caa)) return;
		throw unfit(`the CAA record of ${name} lets no Amazon authority issue certificates, so ACM would refuse`, `add 0 issue "amazon.com" to the CAA record of ${name}`);
	}
}

function allowsAmazon({ ResourceRecords = [] }: ResourceRecordSet): boolean {
	const issuers = ResourceRecords.map(({ Value = '' }) => /^\d+\s+issue\s+"?([^";]*)/.exec(Value)?.[1]?.trim()).filter((issuer) => issuer !== undefined);
	return issuers.length === 0 || issuers.some((issuer) => ['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com'].includes(issuer));
}

/** Where the world asks other servers, no record of the zone is ever seen: ACM would wait for 72 hours. */
async function assertDelegated({ warn, zoneId, name, servers }: { warn: Options['warn']; zoneId: string; name: string; servers: readonly string[] }): Promise<void> {
	const asked = await resolveNs(name).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return [];
		warn(`not checked: whether the world asks hosted zone ${zoneId} for ${name} (${error.code})`);
		return undefined;
	});
	if (asked === undefined || asked.some((server) => servers.some((own) => isSameName(own, server)))) return;
	throw unfit(`the world does not ask hosted zone ${zoneId} for ${name}: ${asked.length === 0 ? 'no name servers are known for it' : `it asks ${asked.join(', ')}`}`, `enter these name servers where ${name} is registered: ${servers.join(', ')}`);
}

function unfit(message: string, hint: string): UserError {
	return new UserError('DomainUnfit', message, { hint });
}
