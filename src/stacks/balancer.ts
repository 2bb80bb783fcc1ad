import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { AliasRecord } from '../resources/alias-record.ts';
import { CertificateIssued } from '../resources/certificate-issued.ts';
import { Certificate } from '../resources/certificate.ts';
import { GivenCertificate } from '../resources/given-certificate.ts';
import { GivenSubnet } from '../resources/given-network.ts';
import { Listener } from '../resources/listener.ts';
import { LoadBalancer } from '../resources/load-balancer.ts';
import { TargetGroup } from '../resources/target-group.ts';
import { ValidationRecord } from '../resources/validation-record.ts';
import type { BalancerAccess } from './access.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

interface Needs {
	anchor: Node;
	shared: Shared;
	/** Undefined where the web page has no name. */
	access: BalancerAccess | undefined;
}

/** What the webserver's service needs to stand behind a load balancer, by names of this form: nothing, where there is none. */
export type Behind = Readonly<Record<`behind${string}`, Node<{ arn: string }>>>;

/** Its load balancer, and how long a new webserver may take before its checks count, seconds: as long as its container's. */
export function placeBehind({ behindTargets }: Readonly<Record<`behind${string}`, { arn: string }>>) {
	return behindTargets === undefined ? null : { targetGroupArn: behindTargets.arn, container: 'webserver', port: 8080, graceSeconds: 300 };
}

/** HTTPS under a name: a load balancer in front of the webserver, its certificate, and the record that leads to it. */
export function addBalancer(stack: Stack<Aws>, inputs: StackInputs, { anchor, shared, access }: Needs): Behind {
	const { domain = '', hostedZoneId: zoneId } = inputs.config;
	if (!access) return {};
	const name = naming(inputs).in(stack.scope).balancer('web');
	const { vpc, routes } = shared.network;

	const targetGroup = stack.add(TargetGroup, 'target-group', { anchor, vpc, balancingRole: shared.balancingRole }, ({ vpc }) => ({
		name,
		vpcId: vpc.vpcId,
		port: 8080,
		path: '/health',
		deregistrationSeconds: 30,
	}));
	const balancer = stack.add(LoadBalancer, 'load-balancer', { ...subnets(stack, inputs, shared), ...routes, ...access, anchor, balancingRole: shared.balancingRole }, ({ subnetA, subnetB, balancerGroup }) => ({
		name,
		subnetIds: [subnetA.subnetId, subnetB.subnetId],
		securityGroupIds: [balancerGroup.groupId],
		idleSeconds: 120,
	}));
	const certificate = addCertificate(stack, inputs, anchor);
	const listener = stack.add(Listener, 'listener-https', { balancer, targetGroup, certificate }, ({ balancer, targetGroup, certificate }) => ({
		loadBalancerArn: balancer.arn,
		port: 443,
		serves: { certificateArn: certificate.arn, targetGroupArn: targetGroup.arn },
	}));
	stack.add(Listener, 'listener-http', { balancer }, ({ balancer }) => ({ loadBalancerArn: balancer.arn, port: 80, serves: 'redirect to HTTPS' as const }));
	if (zoneId !== undefined) stack.add(AliasRecord, 'record', { balancer }, ({ balancer }) => ({ zoneId, name: domain, target: { dnsName: balancer.dnsName, zoneId: balancer.zoneId } }));
	return { behindTargets: targetGroup, behindListener: listener };
}

/** What else a release with a load balancer ends with. */
export function balancerKeys({ config, branch }: Pick<StackInputs, 'config' | 'branch'>): string[] {
	if (branch || config.domain === undefined) return [];
	return ['listener-http', ...(config.hostedZoneId === undefined ? [] : ['record'])];
}

/** The user's own, or one that ACM issues because a record in the zone says that the name is ours. */
function addCertificate(stack: Stack<Aws>, { config: { domain = '', certificateArn, hostedZoneId: zoneId = '' } }: StackInputs, anchor: Node): Node<{ arn: string }> {
	if (certificateArn !== undefined) return stack.add(GivenCertificate, 'certificate-given', { anchor }, () => ({ arn: certificateArn }));
	const certificate = stack.add(Certificate, 'certificate', { anchor }, () => ({ domain }));
	const record = stack.add(ValidationRecord, 'certificate-record', { certificate }, ({ certificate }) => ({
		zoneId,
		name: certificate.recordName ?? '',
		value: certificate.recordValue ?? '',
		certificateArn: certificate.arn,
		domain,
	}));
	return stack.add(CertificateIssued, 'certificate-issued', { certificate, record }, ({ certificate }) => ({ arn: certificate.arn, domain }));
}

/** Those of the tasks, unless others are given: a load balancer needs public ones. */
function subnets(stack: Stack<Aws>, { config: { balancerSubnetIds } }: StackInputs, { network }: Shared): Shared['network']['subnets'] {
	const [a, b] = balancerSubnetIds;
	if (a === undefined || b === undefined) return network.subnets;
	const given = (letter: 'a' | 'b', subnetId: string) => stack.add(GivenSubnet, `balancer-subnet-${letter}`, { vpc: network.vpc }, ({ vpc }) => ({ ...vpc, subnetId }));
	return { subnetA: given('a', a), subnetB: given('b', b) };
}
