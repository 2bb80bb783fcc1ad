import { isTagged, made, on, type Part, type Reading, type Rules, service, textAt } from './asked.ts';

const scheduler = service('scheduler');
const schedule: Part = (reading) => [{ action: `scheduler:${reading.operation}`, resource: scheduler.arn(reading, `schedule/${textAt(reading.request, 'GroupName') ?? 'default'}/${textAt(reading.request, 'Name') ?? '*'}`) }];
const passing: Part = ({ request }) => [{ action: 'iam:PassRole', resource: textAt(request, 'Target.RoleArn') ?? '*', keys: { 'iam:passedtoservice': 'scheduler.amazonaws.com' } }];
/** Service Authorization Reference, "Amazon EventBridge Scheduler". */
export const schedulerRules: Rules = {
	CreateSchedule: [schedule, passing],
	UpdateSchedule: [schedule, passing],
	GetSchedule: [schedule],
	DeleteSchedule: [schedule],
	ListSchedules: [schedule],
	CreateScheduleGroup: [made(scheduler, ({ request }) => `schedule-group/${textAt(request, 'Name') ?? ''}`, 'TagResource')],
	GetScheduleGroup: [on(scheduler, 'schedule-group/', 'Name')],
	DeleteScheduleGroup: [on(scheduler, 'schedule-group/', 'Name')],
	ListTagsForResource: [on(scheduler, '', 'ResourceArn')],
};

const balancing = service('elasticloadbalancing');
const newBalancer = (resource: (reading: Reading) => string): Part => made(balancing, resource, 'AddTags');
/** The name of a balancer in its ARN: `loadbalancer/app/NAME/ID`. */
const balancerPart = ({ request }: Reading): string => (textAt(request, 'LoadBalancerArn') ?? '').split(':loadbalancer/')[1] ?? '*';
const byArn = (member: string): Part => on(balancing, '', member);
/** Service Authorization Reference, "AWS Elastic Load Balancing V2". Describe… has no resources. */
export const balancingRules: Rules = {
	// It looks at the network in the caller's name.
	CreateLoadBalancer: [() => ['AccountAttributes', 'InternetGateways', 'SecurityGroups', 'Subnets', 'Vpcs'].map((what) => ({ action: `ec2:Describe${what}`, resource: '*' })), newBalancer(({ request }) => `loadbalancer/app/${textAt(request, 'Name') ?? ''}/*`)],
	CreateTargetGroup: [newBalancer(({ request }) => `targetgroup/${textAt(request, 'Name') ?? ''}/*`)],
	CreateListener: [byArn('LoadBalancerArn'), (reading) => (isTagged(reading) ? [{ action: 'elasticloadbalancing:AddTags', resource: balancing.arn(reading, `listener/${balancerPart(reading)}/*`), keys: { 'elasticloadbalancing:createaction': reading.operation } }] : [])],
	DeleteLoadBalancer: [byArn('LoadBalancerArn')],
	DeleteTargetGroup: [byArn('TargetGroupArn')],
	DeleteListener: [byArn('ListenerArn')],
	ModifyListener: [byArn('ListenerArn')],
	ModifyTargetGroup: [byArn('TargetGroupArn')],
	ModifyTargetGroupAttributes: [byArn('TargetGroupArn')],
	ModifyLoadBalancerAttributes: [byArn('LoadBalancerArn')],
	SetSecurityGroups: [byArn('LoadBalancerArn')],
	SetSubnets: [byArn('LoadBalancerArn')],
	AddTags: [byArn('ResourceArns')],
	RemoveTags: [byArn('ResourceArns')],
};

const acm = service('acm');
/** Service Authorization Reference, "AWS Certificate Manager". */
export const acmRules: Rules = {
	RequestCertificate: [made(acm, () => 'certificate/*', 'AddTagsToCertificate')],
	ListCertificates: [() => [{ action: 'acm:ListCertificates', resource: '*' }]],
};
export const acmRest: Part = on(acm, '', 'CertificateArn');

const zone = (part: string, member: string): Part => ({ operation, partition, request }) => [{ action: `route53:${operation}`, resource: `arn:${partition}:route53:::${part}/${(textAt(request, member) ?? '*').split('/').at(-1)}` }];
/** Service Authorization Reference, "Amazon Route 53". */
export const route53Rules: Rules = {
	ChangeResourceRecordSets: [zone('hostedzone', 'HostedZoneId')],
	ListResourceRecordSets: [zone('hostedzone', 'HostedZoneId')],
	GetHostedZone: [zone('hostedzone', 'Id')],
	GetChange: [zone('change', 'Id')],
};

const ssm = service('ssm');
/** `ecs:CLUSTER_TASK_RUNTIME`: the task is the resource. */
const sessionTask: Part = (reading) => {
	const [, cluster = '', task = ''] = /^ecs:(.+)_([0-9a-f]{32})_/.exec(textAt(reading.request, 'Target') ?? '') ?? [];
	const resource = cluster === '' ? (textAt(reading.request, 'Target') ?? '*') : `arn:${reading.partition}:ecs:${reading.region}:${reading.account}:task/${cluster}/${task}`;
	return [{ action: 'ssm:StartSession', resource }];
};
const sessionDocument: Part = ({ partition, region, request }) => {
	const name = textAt(request, 'DocumentName');
	return name === undefined ? [] : [{ action: 'ssm:StartSession', resource: `arn:${partition}:ssm:${region}::document/${name}` }];
};
/** Service Authorization Reference, "AWS Systems Manager". */
export const ssmRules: Rules = {
	StartSession: [sessionTask, sessionDocument],
	ResumeSession: [on(ssm, 'session/', 'SessionId')],
	TerminateSession: [on(ssm, 'session/', 'SessionId')],
	GetParameter: [(reading) => [{ action: 'ssm:GetParameter', resource: ssm.arn(reading, `parameter/${(textAt(reading.request, 'Name') ?? '').replace(/^\//, '')}`) }]],
};
