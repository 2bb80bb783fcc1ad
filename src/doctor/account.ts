import { DescribeAddressesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { assertAccountSettings } from '../environment/account-settings.ts';
import { callerCidr } from '../environment/caller-address.ts';
import { assertGivenNetwork } from '../environment/given-network.ts';
import { assertQuotas } from '../environment/quotas.ts';
import { chooseZones } from '../environment/zones.ts';
import type { Options } from '../environment/options.ts';
import { type AccountPatient, type Check, type Finding, notChecked, ok } from './check.ts';

/** What the account and the region must have room for, and allow. */
export const accountChecks: readonly Check<AccountPatient>[] = [
	{ name: 'quotas', run: quotas },
	{ name: 'elastic-ips', run: elasticIps },
	{ name: 'settings', run: (patient) => preflight(patient, assertAccountSettings, 'ECS takes tags, VPCs may have public access') },
	{ name: 'zones', run: zones },
	{ name: 'network', run: network },
	{ name: 'address', run: address },
	{ name: 'free-plan', run: ({ config }) => Promise.resolve(freePlan(config.dbInstanceClass)) },
];

/** A check of the preflight before `up`: what it throws is the finding, what it could not ask is said beside it. */
async function preflight(patient: AccountPatient, check: (options: Options) => Promise<void>, detail: string): Promise<Finding> {
	const unasked: string[] = [];
	await check(patient.options((line) => void unasked.push(line.replace(/^not checked: /, ''))));
	return unasked.length === 0 ? ok(detail) : notChecked(unasked.join('; '));
}

/** What stands takes no more room. */
async function quotas(patient: AccountPatient): Promise<Finding> {
	const { config, recorded } = patient;
	if (Object.keys(recorded.own).length > 0) return ok(`${config.environment} stands and needs no more`);
	return preflight(patient, assertQuotas, `room for Fargate vCPUs, database${config.vpcId === undefined ? ', VPC, internet gateway' : ''}`);
}

/** Tasks get public addresses that are no elastic IPs; a NAT gateway of your own has one. */
async function elasticIps({ aws }: AccountPatient): Promise<Finding> {
	const ask = new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: 'L-0263D0A3' });
	const [quota, { Addresses = [] }] = await Promise.all([aws.client(ServiceQuotasClient).send(ask), aws.client(EC2Client).send(new DescribeAddressesCommand({}))]);
	return ok(`none needed; ${Addresses.length} of ${quota.Quota?.Value ?? 'an unknown number'} in use`);
}

async function zones({ aws, config }: AccountPatient): Promise<Finding> {
	return ok(`${(await chooseZones(aws, config)).join(' and ')} have Fargate, EFS and ${config.dbInstanceClass}`);
}

async function network(patient: AccountPatient): Promise<Finding | undefined> {
	const { vpcId } = patient.config;
	if (vpcId === undefined) return undefined;
	return preflight(patient, (options) => assertGivenNetwork(options, vpcId), `${vpcId} and its subnets can carry an environment`);
}

/** Who is let in to the web page: behind a proxy or a VPN it is not the address that this machine thinks it has. */
async function address({ aws, config, env }: AccountPatient): Promise<Finding> {
	if (config.allowedCidrs !== undefined) return ok(`the web page lets in ${config.allowedCidrs.join(', ')}`);
	return ok(`the web page will let in ${await callerCidr(aws.endpoint, env)} only`);
}

/** The call that tells is not in any of our clients; RDS's classes of the free plan are known. */
function freePlan(dbInstanceClass: string): Finding {
	if (/^db\.t[34]g?\.micro$/.test(dbInstanceClass)) return ok(`${dbInstanceClass} is in AWS's free plan`);
	return notChecked(`whether the account is on AWS's free plan, which lacks ${dbInstanceClass}`);
}
