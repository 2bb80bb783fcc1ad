import { type Config, prefix } from './settings.ts';

/** What does not fit together in the settings of the load balancer. */
export function balancerProblems(config: Config, region: string): string[] {
	return config.domain === undefined ? withoutDomain(config) : [...nameProblems(config), ...certificateProblems(config, region), ...subnetProblems(config)];
}

function withoutDomain({ certificateArn, hostedZoneId, balancerSubnetIds }: Config): string[] {
	const given = { CERTIFICATE_ARN: certificateArn, HOSTED_ZONE_ID: hostedZoneId, BALANCER_SUBNET_IDS: balancerSubnetIds[0] };
	const settings = Object.entries(given).filter(([, value]) => value !== undefined);
	return settings.map(([setting]) => `${prefix}DOMAIN: is needed with ${prefix}${setting}`);
}

/** The load balancer's name begins with the project's. */
function nameProblems({ project }: Config): string[] {
	return `${project}-`.startsWith('internal-') ? [`${prefix}PROJECT: "${project}" begins with internal-, which AWS keeps for load balancers without public addresses`] : [];
}

function certificateProblems({ domain, certificateArn, hostedZoneId }: Config, region: string): string[] {
	if (certificateArn === undefined) return hostedZoneId === undefined ? [`${prefix}DOMAIN: "${domain}" needs a certificate: set ${prefix}HOSTED_ZONE_ID to have one requested, or ${prefix}CERTIFICATE_ARN to one that you have`] : [];
	const itsRegion = certificateArn.split(':')[3];
	return itsRegion === region ? [] : [`${prefix}CERTIFICATE_ARN: "${certificateArn}" lies in ${itsRegion}: a load balancer in ${region} takes certificates of ${region} only`];
}

/** A load balancer wants two subnets in two zones; in which zones they lie is looked at before anything is made. */
function subnetProblems({ vpcId, balancerSubnetIds }: Config): string[] {
	if (balancerSubnetIds.length === 0) return [];
	if (vpcId === undefined) return [`${prefix}VPC_ID: is needed with ${prefix}BALANCER_SUBNET_IDS`];
	return new Set(balancerSubnetIds).size === 2 && balancerSubnetIds.length === 2 ? [] : [`${prefix}BALANCER_SUBNET_IDS: two subnets of ${vpcId} are needed, in different zones`];
}
