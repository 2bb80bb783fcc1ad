import { type Asked, isTagged, made, on, type Part, type Reading, type Rules, service, textAt, textsAt } from './asked.ts';

const ecs = service('ecs');
const shortName = (text: string): string => text.split('/').at(-1) ?? '';
const cluster = ({ request }: Reading): string => shortName(textAt(request, 'cluster') ?? 'default');
const inCluster = (reading: Reading): Asked['keys'] => ({ 'ecs:cluster': ecs.arn(reading, `cluster/${cluster(reading)}`) });

const onCluster: Part = (reading) => [{ action: `ecs:${reading.operation}`, resource: ecs.arn(reading, `cluster/${cluster(reading)}`) }];
/** Of a cluster, by name or ARN. */
const inside = (kind: 'service' | 'task', member: string): Part => (reading) =>
	textsAt(reading, member).map((name) => ({ action: `ecs:${reading.operation}`, resource: name.startsWith('arn:') ? name : ecs.arn(reading, `${kind}/${cluster(reading)}/${shortName(name)}`), keys: inCluster(reading) }));
/** Actions without resources. */
const anywhere: Part = (reading) => [{ action: `ecs:${reading.operation}`, resource: '*', keys: inCluster(reading) }];
const tagging = (resource: (reading: Reading) => string): Part => (reading) => (isTagged(reading) ? [{ action: 'ecs:TagResource', resource: ecs.arn(reading, resource(reading)), keys: { 'ecs:createaction': reading.operation } }] : []);

const passed = (roles: readonly (string | undefined)[], { look }: Reading): Asked[] =>
	[...new Set(roles)].flatMap((role) => (role === undefined ? [] : [{ action: 'iam:PassRole', resource: role.startsWith('arn:') ? role : look.roleArn(role), keys: { 'iam:passedtoservice': 'ecs-tasks.amazonaws.com' } }]));

const registering: Part = (reading) => passed([textAt(reading.request, 'taskRoleArn'), textAt(reading.request, 'executionRoleArn')], reading);

const running: Part = async (reading) => {
	const name = textAt(reading.request, 'taskDefinition') ?? '';
	const found = await reading.look.taskDefinition(reading.region, name);
	const given = ['taskRoleArn', 'executionRoleArn'].map((role) => textAt(reading.request, `overrides.${role}`));
	const resource = found?.arn ?? (name.startsWith('arn:') ? name : ecs.arn(reading, `task-definition/${name.includes(':') ? name : `${name}:*`}`));
	return [{ action: 'ecs:RunTask', resource, keys: inCluster(reading) }, ...passed([...(found?.roles ?? []), ...given], reading)];
};

const clusterName = ({ request }: Reading): string => `cluster/${textAt(request, 'clusterName') ?? 'default'}`;
const family = ({ request }: Reading): string => `task-definition/${textAt(request, 'family') ?? ''}:*`;

/** Service Authorization Reference, "Amazon Elastic Container Service". */
export const ecsRules: Rules = {
	// No resource type, but its tags have one.
	CreateCluster: [anywhere, tagging(clusterName)],
	DescribeClusters: [on(ecs, 'cluster/', 'clusters')],
	DeleteCluster: [onCluster],
	UpdateCluster: [onCluster],
	PutClusterCapacityProviders: [onCluster],
	RegisterTaskDefinition: [made(ecs, family, 'TagResource'), registering],
	DeleteTaskDefinitions: [on(ecs, 'task-definition/', 'taskDefinitions')],
	CreateService: [inside('service', 'serviceName'), tagging((reading) => `service/${cluster(reading)}/${textAt(reading.request, 'serviceName') ?? ''}`)],
	UpdateService: [inside('service', 'service')],
	DeleteService: [inside('service', 'service')],
	DescribeServices: [inside('service', 'services')],
	ListServiceDeployments: [inside('service', 'service')],
	DescribeServiceDeployments: [on(ecs, '', 'serviceDeploymentArns')],
	DescribeServiceRevisions: [on(ecs, '', 'serviceRevisionArns')],
	StopServiceDeployment: [on(ecs, '', 'serviceDeploymentArn')],
	RunTask: [running, tagging((reading) => `task/${cluster(reading)}/*`)],
	StopTask: [inside('task', 'task')],
	DescribeTasks: [inside('task', 'tasks')],
	ExecuteCommand: [onCluster, inside('task', 'task')],
	TagResource: [on(ecs, '', 'resourceArn')],
	UntagResource: [on(ecs, '', 'resourceArn')],
	ListTagsForResource: [on(ecs, '', 'resourceArn')],
	ListServices: [anywhere],
	ListTasks: [anywhere],
};
