import {
	CreateTargetGroupCommand,
	DeleteTargetGroupCommand,
	DescribeTargetGroupAttributesCommand,
	DescribeTargetGroupsCommand,
	ElasticLoadBalancingV2Client,
	ModifyTargetGroupAttributesCommand,
	ModifyTargetGroupCommand,
	type TargetGroup as Description,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { canonical } from './canonical.ts';
import { balancingGrants, notThere, tagBalancing, tagsOf } from './load-balancing.ts';
import { type Holder, removeWhenFree } from './held.ts';
import { assertOurs } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';

type Props = {
	name: string;
	vpcId: string;
	/** HTTP, to the tasks' own addresses. */
	port: number;
	/** A target is healthy where this path answers 200. */
	path: string;
	/** How long requests under way may take once a task is to stop, seconds. */
	deregistrationSeconds: number;
};
/** `checks`: how targets are checked; absent before the attributes are set. */
type Outputs = { name: string; arn: string; checks: string; delay?: string };

const delayKey = 'deregistration_delay.timeout_seconds';

export const TargetGroup = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
	immutable: ['name', 'vpcId', 'port'],
	replacement: 'delete-first',
	permissions: balancingGrants({
		on: 'targetgroup/*',
		create: 'CreateTargetGroup',
		describe: ['DescribeTargetGroups', 'DescribeTargetGroupAttributes'],
		modify: ['ModifyTargetGroup', 'ModifyTargetGroupAttributes'],
		remove: 'DeleteTargetGroup',
	}),

	id: ({ arn }) => arn,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const group = await describe(ctx, { Names: [name] });
		if (!group || ctx.superseded.has(required(group.TargetGroupArn))) return undefined;
		if (!isOurs(ctx, await tagsOf(ctx, required(group.TargetGroupArn)))) throw foreign('the target group', name);
		return { ...outputsOf(group), delay: await delayOf(ctx, required(group.TargetGroupArn)) };
	},

	async create(ctx, { name, vpcId, port, path }) {
		const create = new CreateTargetGroupCommand({ Name: name, VpcId: vpcId, Port: port, Protocol: 'HTTP', TargetType: 'ip', ...checksOf(path), Tags: tagList(ctx.tags) });
		const { TargetGroups } = await ctx.aws.client(ElasticLoadBalancingV2Client).send(create);
		return outputsOf(required(TargetGroups?.[0]));
	},

	async wait(ctx, outputs, props) {
		await setDelay(ctx, outputs.arn, props);
		return { ...outputs, delay: String(props.deregistrationSeconds) };
	},

	matches: ({ path, deregistrationSeconds }, { checks, delay }) => canonical(checksOf(path)) === checks && delay === String(deregistrationSeconds),

	async update(ctx, props, outputs) {
		await ctx.aws.client(ElasticLoadBalancingV2Client).send(new ModifyTargetGroupCommand({ TargetGroupArn: outputs.arn, ...checksOf(props.path) }));
		await setDelay(ctx, outputs.arn, props);
		return { ...outputs, checks: canonical(checksOf(props.path)), delay: String(props.deregistrationSeconds) };
	},

	tag: tagBalancing,

	async remove(ctx, { arn, name }) {
		if (!(await describe(ctx, { TargetGroupArns: [arn] }))) return;
		assertOurs(ctx, `target group ${name}`, await tagsOf(ctx, arn));
		await removeWhenFree(
			ctx,
			`target group ${name}`,
			() => balancersOf(ctx, arn),
			() => ignoring(notThere, ctx.aws.client(ElasticLoadBalancingV2Client).send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))),
		);
	},

	exists: async (ctx, { arn }) => (await describe(ctx, { TargetGroupArns: [arn] })) !== undefined,
});

/** Airflow's `/health` answers 200 while the webserver serves, whatever the scheduler does; a new task takes traffic after its first good check. */
function checksOf(path: string) {
	return {
		HealthCheckProtocol: 'HTTP' as const,
		HealthCheckPath: path,
		HealthCheckIntervalSeconds: 15,
		HealthCheckTimeoutSeconds: 5,
		HealthyThresholdCount: 2,
		UnhealthyThresholdCount: 3,
		Matcher: { HttpCode: '200' },
	};
}

/** Our listener is gone by now, and may count for seconds more. */
async function balancersOf(ctx: Context<Aws>, arn: string): Promise<Holder[]> {
	const group = await describe(ctx, { TargetGroupArns: [arn] });
	return (group?.LoadBalancerArns ?? []).map((balancer) => ({ what: `a listener of load balancer ${balancer}`, goesAway: false }));
}

async function describe({ aws }: Context<Aws>, which: { Names: string[] } | { TargetGroupArns: string[] }): Promise<Description | undefined> {
	const answer = await ignoring(notThere, aws.client(ElasticLoadBalancingV2Client).send(new DescribeTargetGroupsCommand(which)));
	return answer?.TargetGroups?.[0];
}

async function setDelay({ aws }: Context<Aws>, TargetGroupArn: string, { deregistrationSeconds }: Props): Promise<void> {
	await aws.client(ElasticLoadBalancingV2Client).send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: tagList({ [delayKey]: String(deregistrationSeconds) }) }));
}

async function delayOf({ aws }: Context<Aws>, TargetGroupArn: string): Promise<string> {
	const { Attributes } = await aws.client(ElasticLoadBalancingV2Client).send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
	return Attributes?.find(({ Key }) => Key === delayKey)?.Value ?? '';
}

function outputsOf(group: Description): Outputs {
	const { HealthCheckProtocol, HealthCheckPath, HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount, Matcher } = group;
	const checks = { HealthCheckProtocol, HealthCheckPath, HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount, Matcher: { HttpCode: Matcher?.HttpCode } };
	return { name: required(group.TargetGroupName), arn: required(group.TargetGroupArn), checks: canonical(checks) };
}
