import { CreateServiceCommand, DeleteServiceCommand, ECSClient, TagResourceCommand, UntagResourceCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { describeService, ecsTags, findTasks, networkConfiguration, networkText, tagEcs, tagsFromEcs } from './ecs.ts';
import { balancing, isBalanced, type Outputs, outputsOf, percentOf, type Props, rebalancing, settings } from './ecs-service-settings.ts';
import { holderGrants, untilInterfacesGone } from './network-interfaces.ts';
import { carriesNonce } from './ownership.ts';
import { retrying } from './retrying.ts';
import { untilDeployed } from './service-rollout.ts';
import { foreign, ignoring, isOurs, required, until } from './support.ts';

const services = ['arn:{partition}:ecs:{region}:{account}:service/{project}-*/{project}-*'];

/** In place of AWS's word: this very run has started the deployment, so all that dies of it died in this run. */
const begun = 'BEGUN';
/** The same, and there was none before. */
const made = 'MADE';

/** Fargate tasks that ECS keeps running. A failed deployment goes back to the revision before. */
export const EcsService = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ECS::Service',
	standsOn: ['AWS::ECS::Cluster'],
	immutable: ['name', 'cluster'],
	collides: true,
	replacement: 'delete-first',
	permissions: [
		{ actions: ['ecs:DescribeServices'], on: services },
		{ actions: ['ecs:CreateService', 'ecs:UpdateService', 'ecs:TagResource', 'ecs:UntagResource'], on: services, for: 'up' },
		{ actions: ['ecs:ListServiceDeployments'], on: services, for: 'up' },
		{ actions: ['ecs:StopServiceDeployment'], on: ['arn:{partition}:ecs:{region}:{account}:service-deployment/{project}-*/{project}-*/*'], for: 'up' },
		{ actions: ['ecs:UpdateService', 'ecs:DeleteService'], on: services, for: 'teardown' },
		{ actions: ['ecs:DescribeTaskDefinition'], on: ['*'] },
		...holderGrants,
		{ actions: ['logs:GetLogEvents'], on: ['arn:{partition}:logs:{region}:{account}:log-group:/airflow-deploy/{project}/*'], for: 'up' },
		{ actions: ['iam:GetRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'], for: 'up' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name, cluster }) {
		const service = await describeService(ctx.aws, cluster, name);
		if (!service || service.status === 'INACTIVE') return undefined;
		if (!isOurs(ctx, tagsFromEcs(service.tags))) throw foreign('the ECS service', name);
		if (service.status !== 'DRAINING') return outputsOf(service, cluster);
		await untilInactive(ctx, cluster, name);
		return undefined;
	},

	async create(ctx, props) {
		const create = new CreateServiceCommand({
			...settings(props),
			...balancing(props),
			serviceName: props.name,
			clientToken: ctx.token,
			launchType: 'FARGATE',
			platformVersion: 'LATEST',
			tags: ecsTags({ ...ctx.tags, ...expiryTag(props) }),
		});
		const { service } = await retrying(ctx, () => ctx.aws.client(ECSClient).send(create), {
			passing: /Unable to assume the service linked role|ECS service role being passed|unable to assume the role|still Draining|does not have an associated load balancer/i,
			why: 'waiting for ECS to know its roles, or its load balancer',
		});
		return { ...outputsOf(required(service), props.cluster), rollout: made, expiresAt: props.expiresAt };
	},

	async wait(ctx, outputs) {
		const deployment = await untilDeployed(ctx, outputs, outputs, { begun: [begun, made].includes(outputs.rollout), isFirst: outputs.rollout === made });
		return { ...outputs, deployment, rollout: 'COMPLETED' };
	},

	matches: (props, outputs) => outputs.expiresAt === props.expiresAt && runsAs(props, outputs),

	async update(ctx, props, outputs) {
		if (props.minimumHealthyPercent === 0 && outputs.taskDefinition !== props.taskDefinition) ctx.note('its task is stopped before the next one starts: it has its stop timeout to end what it runs', 'lasting');
		if (outputs.expiresAt !== props.expiresAt) await tagExpiry(ctx, outputs.arn, props);
		const { expiresAt } = props;
		return { ...(runsAs(props, outputs) ? outputs : await deploy(ctx, props, outputs)), expiresAt };
	},

	tag: tagEcs,

	async remove(ctx, { cluster, name }) {
		const service = await describeService(ctx.aws, cluster, name);
		if (!service || service.status === 'INACTIVE' || !carriesNonce(ctx, tagsFromEcs(service.tags))) return;
		const interfaces = await interfacesOf(ctx.aws, cluster, name);
		if (service.status === 'ACTIVE') await remove(ctx, cluster, name);
		await untilInactive(ctx, cluster, name);
		// A service is INACTIVE while its network interfaces live on for up to 15 minutes, and they hold groups and subnets.
		if (interfaces.length > 0) await untilInterfacesGone(ctx, [{ Name: 'network-interface-id', Values: interfaces }], `the network of ${name}`);
	},

	async exists(ctx, { cluster, name }) {
		const service = await describeService(ctx.aws, cluster, name);
		return service !== undefined && service.status !== 'INACTIVE' && carriesNonce(ctx, tagsFromEcs(service.tags));
	},
});

/** Whether what the service runs, and how, is what is wanted. */
function runsAs(props: Props, outputs: Outputs): boolean {
	return (
		outputs.taskDefinition === props.taskDefinition &&
		outputs.desiredCount === props.desiredCount &&
		outputs.network === networkText(networkConfiguration(props)) &&
		outputs.percent === percentOf(props) &&
		isBalanced(props, outputs) &&
		!outputs.rollout.startsWith('FAIL')
	);
}

async function deploy(ctx: Context<Aws>, props: Props, outputs: Outputs): Promise<Outputs> {
	const { rollout, taskDefinition } = outputs;
	// A failed deployment of this very revision is started again only by force; and scaling from 0 is none, which nobody could wait for.
	const forceNewDeployment = (rollout.startsWith('FAIL') && taskDefinition === props.taskDefinition) || (outputs.desiredCount === 0 && props.desiredCount > 0);
	const { service } = await ctx.aws.client(ECSClient).send(new UpdateServiceCommand({ ...settings(props), ...rebalancing(props, outputs), service: props.name, forceNewDeployment }));
	return { ...outputsOf(required(service), props.cluster), rollout: begun };
}

function expiryTag({ expiresAt }: Props): Record<string, string> {
	return expiresAt === null ? {} : { expiresAt };
}

async function tagExpiry(ctx: Context<Aws>, resourceArn: string, props: Props): Promise<void> {
	const ecs = ctx.aws.client(ECSClient);
	if (props.expiresAt === null) await ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['expiresAt'] }));
	else await ecs.send(new TagResourceCommand({ resourceArn, tags: ecsTags(expiryTag(props)) }));
}

async function remove(ctx: Context<Aws>, cluster: string, service: string): Promise<void> {
	const ecs = ctx.aws.client(ECSClient);
	const gone = ['ServiceNotFoundException', 'ServiceNotActiveException', 'ClusterNotFoundException'];
	await ignoring(gone, ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 })));
	await ignoring(gone, ecs.send(new DeleteServiceCommand({ cluster, service, force: true })));
}

async function untilInactive(ctx: Context<Aws>, cluster: string, name: string): Promise<void> {
	await until(
		ctx,
		async () => {
			const service = await describeService(ctx.aws, cluster, name);
			if (!service || service.status === 'INACTIVE') return true;
			return `${name} is ${service.status}: ${service.runningCount ?? 0} running, ${service.pendingCount ?? 0} pending`;
		},
		`service ${name} to become inactive`,
		{ every: 2 },
	);
}

async function interfacesOf(aws: Aws, cluster: string, serviceName: string): Promise<string[]> {
	const found = await Promise.all((['RUNNING', 'STOPPED'] as const).map((desiredStatus) => findTasks(aws, { cluster, serviceName, desiredStatus })));
	const details = found.flat().flatMap(({ attachments = [] }) => attachments.flatMap((attachment) => attachment.details ?? []));
	return details.filter(({ name }) => name === 'networkInterfaceId').map(({ value }) => required(value));
}
