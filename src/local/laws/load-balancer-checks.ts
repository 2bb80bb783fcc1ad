import { AwsError } from '../front/failure.ts';
import { type Element, textOf } from '../xml.ts';

/** API reference, CreateLoadBalancer. */
export function checkName(name: string): void {
	if (name.length > 32) throw invalid(`The load balancer name '${name}' cannot be longer than '32' characters`);
	if (!/^[a-zA-Z0-9-]+$/.test(name)) throw invalid(`The load balancer name '${name}' can only contain characters that are alphanumeric characters or hyphens(-)`);
	if (name.startsWith('-') || name.endsWith('-')) throw invalid(`The load balancer name '${name}' cannot begin or end with '-'`);
	if (name.startsWith('internal-')) throw invalid(`The load balancer name '${name}' cannot begin with 'internal-'`);
}

/** @param known every subnet of the region */
export function checkSubnets(ids: readonly string[], known: readonly Element[]): void {
	const subnets = ids.map((id) => known.find((subnet) => textOf(subnet, 'subnetId') === id));
	const missing = ids.find((_, index) => !subnets[index]);
	if (missing !== undefined) throw new AwsError('SubnetNotFound', `The subnet ID '${missing}' does not exist`);
	const zones = subnets.map((subnet) => textOf(subnet, 'availabilityZone'));
	if (new Set(zones).size < ids.length) throw new AwsError('InvalidConfigurationRequest', 'A load balancer cannot be attached to multiple subnets in the same Availability Zone');
	if (ids.length < 2) throw invalid('At least two subnets in two different Availability Zones must be specified');
	if (new Set(subnets.map((subnet) => textOf(subnet, 'vpcId'))).size > 1) throw new AwsError('InvalidConfigurationRequest', 'All subnets must belong to the same VPC');
}

/** API reference, CreateListener. */
export function checkListener(parameters: URLSearchParams): void {
	const isHttps = parameters.get('Protocol') === 'HTTPS';
	const hasCertificate = parameters.has('Certificates.member.1.CertificateArn');
	if (isHttps && !hasCertificate) throw invalid('A certificate must be specified for HTTPS listeners');
	if (!isHttps && (hasCertificate || parameters.has('SslPolicy'))) throw invalid(`A certificate or SSL policy cannot be specified for ${parameters.get('Protocol')} listeners`);
}

function invalid(message: string): AwsError {
	return new AwsError('ValidationError', message);
}
