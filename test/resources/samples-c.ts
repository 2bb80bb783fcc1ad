import { CreateHostedZoneCommand, DeleteHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import type { Aws } from '../../src/aws/clients.ts';
import { defineResource } from '../../src/engine/resource.ts';
import { AliasRecord } from '../../src/resources/alias-record.ts';
import { Certificate } from '../../src/resources/certificate.ts';
import { Listener } from '../../src/resources/listener.ts';
import { LoadBalancer } from '../../src/resources/load-balancer.ts';
import { ServiceLinkedRole } from '../../src/resources/service-linked-role.ts';
import { TargetGroup } from '../../src/resources/target-group.ts';
import { ValidationRecord } from '../../src/resources/validation-record.ts';
import { sample } from './sample.ts';
import { securityGroup, subnetA, subnetB, vpc } from './samples-a.ts';

/** The user's own: no kind of ours makes or removes zones. */
const HostedZone = defineResource<Aws, { name: string }, { zoneId: string }>({
	type: 'Test::HostedZone',
	permissions: [],
	id: ({ zoneId }) => zoneId,
	find: async () => undefined,
	async create({ aws, token }, { name }) {
		const { HostedZone: zone } = await aws.client(Route53Client).send(new CreateHostedZoneCommand({ Name: name, CallerReference: token }));
		return { zoneId: zone?.Id?.replace('/hostedzone/', '') ?? '' };
	},
	async remove({ aws }, { zoneId }) {
		await aws.client(Route53Client).send(new DeleteHostedZoneCommand({ Id: zoneId }));
	},
	exists: async () => true,
});

const zone = sample(HostedZone, 'zone', {}, () => ({ name: 'example.com' }));
const certificate = sample(Certificate, 'certificate', {}, () => ({ domain: 'airflow.example.com' }));
const validation = sample(ValidationRecord, 'certificate-record', { zone, certificate }, ({ zone, certificate }) => ({
	...zone,
	name: certificate.recordName ?? '',
	value: certificate.recordValue ?? '',
	certificateArn: certificate.arn,
	domain: certificate.domain,
}));

const balancingRole = sample(ServiceLinkedRole, 'role-balancing', {}, () => ({ service: 'elasticloadbalancing.amazonaws.com' as const }));
const balancer = sample(
	LoadBalancer,
	'balancer',
	{ balancingRole, subnetA, subnetB, securityGroup },
	({ subnetA, subnetB, securityGroup }) => ({ name: 'airflow-test-web', subnetIds: [subnetB.subnetId, subnetA.subnetId], securityGroupIds: [securityGroup.groupId], idleSeconds: 60 }),
	({ subnetA, subnetB, securityGroup }) => ({ name: 'airflow-test-web', subnetIds: [subnetA.subnetId, subnetB.subnetId], securityGroupIds: [securityGroup.groupId], idleSeconds: 120 }),
);
const targets = sample(
	TargetGroup,
	'target-group',
	{ vpc },
	({ vpc }) => ({ name: 'airflow-test-web', vpcId: vpc.vpcId, port: 8080, path: '/health', deregistrationSeconds: 30 }),
	({ vpc }) => ({ name: 'airflow-test-web', vpcId: vpc.vpcId, port: 8080, path: '/', deregistrationSeconds: 10 }),
);
const otherTargets = sample(TargetGroup, 'other-target-group', { vpc }, ({ vpc }) => ({ name: 'airflow-test-other', vpcId: vpc.vpcId, port: 8080, path: '/health', deregistrationSeconds: 30 }));
/** `validation` is what makes the certificate one that a listener may have. */
const listener = sample(
	Listener,
	'listener-https',
	{ balancer, targets, otherTargets, certificate, validation },
	({ balancer, targets, certificate }) => ({ loadBalancerArn: balancer.arn, port: 443, serves: { certificateArn: certificate.arn, targetGroupArn: targets.arn } }),
	({ balancer, otherTargets, certificate }) => ({ loadBalancerArn: balancer.arn, port: 443, serves: { certificateArn: certificate.arn, targetGroupArn: otherTargets.arn } }),
);
const record = sample(AliasRecord, 'record', { zone, balancer }, ({ zone, balancer }) => ({ ...zone, name: 'airflow.example.com', target: { dnsName: balancer.dnsName, zoneId: balancer.zoneId } }));

export const samples = [certificate, validation, balancer, targets, listener, record];
