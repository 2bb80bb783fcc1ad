import {
	CreateLoadBalancerCommand,
	DeleteLoadBalancerCommand,
	DescribeLoadBalancerAttributesCommand,
	DescribeLoadBalancersCommand,
	ElasticLoadBalancingV2Client,
	type LoadBalancer as Description,
	ModifyLoadBalancerAttributesCommand,
	SetSecurityGroupsCommand,
	SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { canonical } from './canonical.ts';
import { balancingGrants, notThere, tagBalancing, tagsOf } from './load-balancing.ts';
import { assertOurs } from './ownership.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, ignoring, isOurs, required, tagList, until } from './support.ts';

/** An internet-facing application load balancer for IPv4; its subnets lie in two zones. */
type Props = { name: string; subnetIds: string[]; securityGroupIds: string[]; /** Seconds until an answer that does not come is 504. */ idleSeconds: number };
type Outputs = {
	name: string;
	arn: string;
	dnsName: string;
	/** The hosted zone of AWS that alias records to it name. */
	zoneId: string;
	subnetIds: string[];
	securityGroupIds: string[];
	/** Undefined, so absent, before its attributes are set. */
	attributes?: string;
};

export const LoadBalancer = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
	immutable: ['name'],
	replacement: 'delete-first',
	permissions: [
		...balancingGrants({
			on: 'loadbalancer/app/*',
			create: 'CreateLoadBalancer',
			describe: ['DescribeLoadBalancers', 'DescribeLoadBalancerAttributes'],
			modify: ['ModifyLoadBalancerAttributes', 'SetSecurityGroups', 'SetSubnets'],
			remove: 'DeleteLoadBalancer',
		}),
		// ELB asks with the caller's own permissions.
		{ actions: ['ec2:DescribeAccountAttributes', 'ec2:DescribeInternetGateways', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'], on: ['*'], for: 'up' },
	],

	id: ({ arn }) => arn,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const balancer = await describe(ctx, { Names: [name] });
		if (!balancer || ctx.superseded.has(required(balancer.LoadBalancerArn))) return undefined;
		if (!isOurs(ctx, await tagsOf(ctx, required(balancer.LoadBalancerArn)))) throw foreign('the load balancer', name);
		return { ...outputsOf(balancer), attributes: await attributesOf(ctx, required(balancer.LoadBalancerArn)) };
	},

	async create(ctx, { name, subnetIds, securityGroupIds }) {
		const create = new CreateLoadBalancerCommand({ Name: name, Type: 'application', Scheme: 'internet-facing', IpAddressType: 'ipv4', Subnets: subnetIds, SecurityGroups: securityGroupIds, Tags: tagList(ctx.tags) });
		const { LoadBalancers } = await retrying(ctx, () => ctx.aws.client(ElasticLoadBalancingV2Client).send(create), serviceLinkedRolePending);
		return outputsOf(required(LoadBalancers?.[0]));
	},

	/** AWS needs two to three minutes. */
	async wait(ctx, outputs, props) {
		await setAttributes(ctx, outputs.arn, props);
		await until(ctx, () => isActive(ctx, outputs), `load balancer ${outputs.name} to become active`);
		ctx.note(`answers at ${outputs.dnsName}`, 'lasting');
		return { ...outputs, attributes: attributesFor(props) };
	},

	matches: (props, found) => canonical([props.subnetIds.toSorted(), props.securityGroupIds.toSorted(), attributesFor(props)]) === canonical([found.subnetIds, found.securityGroupIds, found.attributes]),

	async update(ctx, props, outputs) {
		const elb = ctx.aws.client(ElasticLoadBalancingV2Client);
		const [subnetIds, securityGroupIds] = [props.subnetIds.toSorted(), props.securityGroupIds.toSorted()];
		if (canonical(subnetIds) !== canonical(outputs.subnetIds)) await elb.send(new SetSubnetsCommand({ LoadBalancerArn: outputs.arn, Subnets: subnetIds }));
		if (canonical(securityGroupIds) !== canonical(outputs.securityGroupIds)) await elb.send(new SetSecurityGroupsCommand({ LoadBalancerArn: outputs.arn, SecurityGroups: securityGroupIds }));
		await setAttributes(ctx, outputs.arn, props);
		return { ...outputs, subnetIds, securityGroupIds, attributes: attributesFor(props) };
	},

	tag: tagBalancing,

	/** Its network interfaces outlive it by minutes: who removes its group or subnets waits for them. */
	async remove(ctx, { arn, name }) {
		if (!(await describe(ctx, { LoadBalancerArns: [arn] }))) return;
		assertOurs(ctx, `load balancer ${name}`, await tagsOf(ctx, arn));
		await ignoring(notThere, ctx.aws.client(ElasticLoadBalancingV2Client).send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn })));
		await until(ctx, async () => (await describe(ctx, { LoadBalancerArns: [arn] })) === undefined, `load balancer ${name} to be gone`);
	},

	exists: async (ctx, { arn }) => (await describe(ctx, { LoadBalancerArns: [arn] })) !== undefined,
});

async function describe({ aws }: Context<Aws>, which: { Names: string[] } | { LoadBalancerArns: string[] }): Promise<Description | undefined> {
	const answer = await ignoring(notThere, aws.client(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancersCommand(which)));
	return answer?.LoadBalancers?.[0];
}

/** @throws UserError where AWS gave it up: `failed` is final */
async function isActive(ctx: Context<Aws>, { arn, name }: Outputs): Promise<boolean | string> {
	const state = (await describe(ctx, { LoadBalancerArns: [arn] }))?.State;
	if (state?.Code !== 'failed') return state?.Code === 'active' || `load balancer ${name} is ${state?.Code ?? 'not shown yet'}`;
	throw new UserError('LoadBalancerFailed', `AWS could not set up load balancer ${name}: ${state.Reason ?? 'it gives no reason'}`, { hint: 'remove AIRFLOW_DEPLOY_DOMAIN and run airflow-deploy up, then set it again' });
}

const attributes = ({ idleSeconds }: Pick<Props, 'idleSeconds'>): Readonly<Record<string, string>> => ({
	'idle_timeout.timeout_seconds': String(idleSeconds),
	'routing.http.drop_invalid_header_fields.enabled': 'true',
});

function attributesFor(props: Props): string {
	return canonical(attributes(props));
}

async function setAttributes({ aws }: Context<Aws>, LoadBalancerArn: string, props: Props): Promise<void> {
	await aws.client(ElasticLoadBalancingV2Client).send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: tagList(attributes(props)) }));
}

/** Of those that we set. */
async function attributesOf({ aws }: Context<Aws>, LoadBalancerArn: string): Promise<string> {
	const { Attributes = [] } = await aws.client(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
	const ours = Attributes.filter(({ Key = '' }) => Key in attributes({ idleSeconds: 0 }));
	return canonical(Object.fromEntries(ours.map(({ Key = '', Value = '' }) => [Key, Value])));
}

function outputsOf({ LoadBalancerName, LoadBalancerArn, DNSName, CanonicalHostedZoneId, AvailabilityZones = [], SecurityGroups = [] }: Description): Outputs {
	return {
		name: required(LoadBalancerName),
		arn: required(LoadBalancerArn),
		dnsName: required(DNSName),
		zoneId: required(CanonicalHostedZoneId),
		subnetIds: AvailabilityZones.map(({ SubnetId }) => required(SubnetId)).toSorted(),
		securityGroupIds: SecurityGroups.toSorted(),
	};
}
