import { anything, array, assert, asyncProperty, boolean, constant, constantFrom, integer, oneof, option, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { definition, service, runnable, world, worldWith } from './stubs.ts';
import { operationNames } from '../../../src/local/ecs/ecs.ts';

test('what is no operation and what is no JSON object', async () => {
	const aws = world();
	expect(await aws.handle('CreateEverything', {})).toEqual({ status: 400, body: { __type: 'UnknownOperationException' } });
	expect(await aws.ecs.handle('ListClusters', undefined)).toEqual({ status: 400, body: { __type: 'SerializationException' } });
});

test.each([
	['CreateCluster', { clusterName: 5 }, 'NUMBER_VALUE can not be converted to a String'],
	['RunTask', { taskDefinition: 'x', count: 'many' }, 'STRING_VALUE can not be converted to an Integer'],
	['DescribeClusters', { clusters: 'main' }, 'Expected list or null'],
	['RunTask', { taskDefinition: 'x', networkConfiguration: 'x' }, 'Expected map or null'],
	['CreateCluster', { clusterName: ['x'] }, 'Start of list found where not expected'],
	['CreateCluster', { clusterName: { x: 1 } }, 'Start of structure or map found where not expected.'],
	['CreateService', { serviceName: 'x', enableExecuteCommand: 'yes' }, 'STRING_VALUE can not be converted to a Boolean'],
])('%s %j: a value of the wrong type', async (operation, input, message) => {
	expect(await world().refused(operation, input)).toBe(`SerializationException: ${message}`);
});

test.each([
	['StopTask', {}, "1 validation error detected: Value null at 'task' failed to satisfy constraint: Member must not be null"],
	['RunTask', { taskDefinition: 'x', launchType: 'CLOUD' }, "1 validation error detected: Value 'CLOUD' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]"],
	['ListClusters', { maxResults: 101 }, "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"],
	['TagResource', { resourceArn: 'x', tags: [{ key: 'k'.repeat(129) }] }, `1 validation error detected: Value '${'k'.repeat(129)}' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128`],
])('%s %j: a value outside its limits', async (operation, input, message) => {
	expect(await world().refused(operation, input)).toBe(`InvalidParameterException: ${message}`);
});

test('clusters: idempotent, MISSING, INACTIVE and back', async () => {
	const aws = world();
	const made = await aws.call('CreateCluster', { clusterName: 'main', tags: [{ key: 'a', value: 'b' }] });
	expect(made['cluster']).toMatchObject({
		clusterArn: 'arn:aws:ecs:eu-central-1:000000000000:cluster/main', status: 'ACTIVE', registeredContainerInstancesCount: 0, runningTasksCount: 0, pendingTasksCount: 0, activeServicesCount: 0,
		statistics: [], capacityProviders: [], defaultCapacityProviderStrategy: [], settings: [{ name: 'containerInsights', value: 'disabled' }],
	});
	expect(await aws.call('CreateCluster', { clusterName: 'main' })).toEqual(made);
	expect((await aws.call('CreateCluster'))['cluster']).toMatchObject({ clusterName: 'default' });
	const described = await aws.call('DescribeClusters', { clusters: ['main', 'none'] });
	expect(described['clusters']).toMatchObject([{ clusterName: 'main', tags: [], settings: [] }]);
	expect(described['failures']).toEqual([{ arn: 'arn:aws:ecs:eu-central-1:000000000000:cluster/none', reason: 'MISSING' }]);
	const included = await aws.call('DescribeClusters', { clusters: [String(made['cluster']?.['clusterArn'])], include: ['TAGS', 'SETTINGS', 'STATISTICS'] });
	expect(included['clusters']).toMatchObject([{ tags: [{ key: 'a', value: 'b' }], settings: [{}], statistics: [{}, {}, {}, {}, {}, {}] }]);
	await aws.call('DeleteCluster', { cluster: 'main' });
	expect((await aws.call('ListClusters'))['clusterArns']).toEqual(['arn:aws:ecs:eu-central-1:000000000000:cluster/default']);
	expect((await aws.call('DescribeClusters', { clusters: ['main'] }))['clusters']).toMatchObject([{ status: 'INACTIVE' }]);
	expect((await aws.call('CreateCluster', { clusterName: 'main' }))['cluster']).toMatchObject({ status: 'ACTIVE', tags: [] });
	expect(await aws.refused('DeleteCluster', { cluster: 'none' })).toBe('ClusterNotFoundException: Cluster not found.');
	expect(await aws.refused('CreateCluster', { clusterName: 'a b' })).toMatch(/^InvalidParameterException/);
});

test('capacity providers of a cluster, and its default strategy', async () => {
	const aws = await worldWith(definition('app'));
	expect((await aws.call('DescribeCapacityProviders'))['capacityProviders']?.map(({ name }) => name)).toEqual(['FARGATE', 'FARGATE_SPOT']);
	const strategy = [{ capacityProvider: 'FARGATE', weight: 1 }];
	expect(await aws.refused('RunTask', { ...runnable('app'), launchType: undefined, capacityProviderStrategy: strategy })).toContain('is not associated with the cluster');
	await aws.call('PutClusterCapacityProviders', { cluster: 'main', capacityProviders: ['FARGATE'], defaultCapacityProviderStrategy: strategy });
	const { tasks } = await aws.call('RunTask', { ...runnable('app'), launchType: undefined });
	expect(tasks?.[0]).toMatchObject({ launchType: 'FARGATE', capacityProviderName: 'FARGATE' });
	expect(await aws.refused('PutClusterCapacityProviders', { cluster: 'main', capacityProviders: ['x'], defaultCapacityProviderStrategy: [] })).toContain("The specified capacity provider 'x' was not found.");
});

test('container instances, Auto Scaling groups and task sets: an account with Fargate alone', async () => {
	const aws = await worldWith(definition('app'));
	await aws.call('CreateService', service('app'));
	const taskSet = { cluster: 'main', service: 'app' };
	expect(await aws.call('StartTask', { cluster: 'main', containerInstances: ['x'], taskDefinition: 'app' })).toEqual({ tasks: [], failures: [{ arn: 'x', reason: 'MISSING' }] });
	const refused = async (operation: string, input: object) => expect.soft(await aws.refused(operation, input), operation);
	(await refused('StartTask', { cluster: 'main', containerInstances: ['x'], taskDefinition: 'none' })).toBe('ClientException: TaskDefinition not found.');
	(await refused('StartTask', { cluster: 'main', containerInstances: [], taskDefinition: 'app' })).toBe('ClientException: Container instances cannot be empty.');
	(await refused('RunTask', { ...runnable('app'), launchType: 'EXTERNAL' })).toBe('InvalidParameterException: Task definition does not support launch_type EXTERNAL.');
	(await refused('RunTask', { ...runnable('app'), launchType: 'EC2', networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } } })).toBe('InvalidParameterException: No Container Instances were found in your cluster.');
	(await refused('RunTask', { ...runnable('app'), launchType: 'EC2', platformVersion: '1.4.0' })).toBe('InvalidParameterException: The platform version must be null when specifying an EC2 launch type.');
	(await refused('RunTask', { ...runnable('app'), launchType: 'EC2', networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'], assignPublicIp: 'ENABLED' } } })).toBe('InvalidParameterException: Assign public IP is not supported for this launch type.');
	(await refused('DeregisterContainerInstance', { cluster: 'main', containerInstance: 'x' })).toMatch(/^InvalidParameterException/);
	(await refused('PutAttributes', { cluster: 'main', attributes: [{ name: 'a', targetId: 'x' }] })).toMatch(/^TargetNotFoundException/);
	(await refused('CreateCapacityProvider', { name: 'fargate-x', autoScalingGroupProvider: { autoScalingGroupArn: 'x' } })).toMatch(/^ClientException: The specified capacity provider name is invalid/);
	(await refused('CreateCapacityProvider', { name: 'x', autoScalingGroupProvider: { autoScalingGroupArn: 'x' } })).toMatch(/^ClientException: The specified Auto Scaling group/);
	(await refused('DeleteCapacityProvider', { capacityProvider: 'FARGATE' })).toMatch(/^ClientException: The specified capacity provider is reserved/);
	(await refused('DeleteCapacityProvider', { capacityProvider: 'x' })).toMatch(/^ClientException: The specified capacity provider was not found/);
	for (const operation of ['CreateTaskSet', 'DescribeTaskSets', 'UpdateServicePrimaryTaskSet']) (await refused(operation, taskSet)).toBe('InvalidParameterException: Amazon ECS only supports task set management on services configured to use external deployment controllers.');
	(await refused('CreateTaskSet', { ...taskSet, service: 'none' })).toBe('ServiceNotFoundException: Service not found.');
	(await refused('CreateDaemon', {})).toMatch(/^UnsupportedFeatureException/);
});

test('tags by ARN: cluster, service, task definition, task', async () => {
	const aws = await worldWith(definition('web'));
	const made = await aws.call('CreateService', service('web'));
	const arn = (resource: string) => `arn:aws:ecs:eu-central-1:000000000000:${resource}`;
	for (const resourceArn of [arn('cluster/main'), String(made['service']?.['serviceArn']), arn('task-definition/web:1')]) {
		await aws.call('TagResource', { resourceArn, tags: [{ key: 'a', value: '1' }, { key: 'b', value: '2' }] });
		await aws.call('TagResource', { resourceArn, tags: [{ key: 'a', value: '3' }] });
		await aws.call('UntagResource', { resourceArn, tagKeys: ['b'] });
		expect(await aws.call('ListTagsForResource', { resourceArn })).toEqual({ tags: [{ key: 'a', value: '3' }] });
	}
	expect(await aws.refused('ListTagsForResource', { resourceArn: arn('cluster/none') })).toBe('ClusterNotFoundException: Cluster not found.');
	expect(await aws.refused('ListTagsForResource', { resourceArn: arn('service/main/none') })).toBe('ServiceNotFoundException: Service not found.');
	expect(await aws.refused('ListTagsForResource', { resourceArn: arn('task/main/none') })).toMatch(/^ResourceNotFoundException/);
	expect(await aws.refused('ListTagsForResource', { resourceArn: 'web' })).toMatch(/^InvalidParameterException/);
	const many = Array.from({ length: 51 }, (_, index) => ({ key: `k${index}`, value: '' }));
	expect(await aws.refused('TagResource', { resourceArn: arn('cluster/main'), tags: many })).toMatch(/^InvalidParameterException/);
	expect(await aws.refused('TagResource', { resourceArn: arn('cluster/main'), tags: [{ key: 'aws:x', value: '' }] })).toMatch(/^InvalidParameterException/);
});

test('regions are apart', async () => {
	const aws = await worldWith();
	expect((await aws.call('ListClusters', {}, 'us-east-1'))['clusterArns']).toEqual([]);
	await aws.call('CreateCluster', { clusterName: 'main' }, 'cn-north-1');
	expect((await aws.call('ListClusters', {}, 'cn-north-1'))['clusterArns']).toEqual(['arn:aws-cn:ecs:cn-north-1:000000000000:cluster/main']);
});

test('account settings and what a Fargate account has none of', async () => {
	const aws = await worldWith();
	const effective = await aws.call('ListAccountSettings', { effectiveSettings: true });
	expect(effective['settings']).toContainEqual({ name: 'serviceLongArnFormat', value: 'enabled', principalArn: 'arn:aws:iam::000000000000:root', type: 'user' });
	expect((await aws.call('ListAccountSettings'))['settings']).toEqual([]);
	await aws.call('PutAccountSetting', { name: 'containerInsights', value: 'enabled' });
	expect((await aws.call('ListAccountSettings'))['settings']).toMatchObject([{ name: 'containerInsights', value: 'enabled' }]);
	expect(await aws.call('ListContainerInstances', { cluster: 'main' })).toEqual({ containerInstanceArns: [] });
	expect(await aws.call('DescribeContainerInstances', { cluster: 'main', containerInstances: ['x'] })).toMatchObject({ containerInstances: [], failures: [{ reason: 'MISSING' }] });
	expect(await aws.call('ListAttributes', { cluster: 'main', targetType: 'container-instance' })).toEqual({ attributes: [] });
});

test('ListServices pages by ten, DescribeServices takes ten', async () => {
	const aws = await worldWith(definition('web'));
	for (let index = 0; index < 12; index += 1) await aws.call('CreateService', service('web', { serviceName: `web-${index}`, desiredCount: 0 }));
	const first = await aws.call('ListServices', { cluster: 'main' });
	expect(first['serviceArns']).toHaveLength(10);
	expect((await aws.call('ListServices', { cluster: 'main', nextToken: first['nextToken'] }))['serviceArns']).toHaveLength(2);
	expect(await aws.refused('DescribeServices', { cluster: 'main', services: Array.from({ length: 11 }, () => 'web') })).toMatch(/^InvalidParameterException/);
});

test('service revisions carry the digits of their deployment', async () => {
	const aws = await worldWith(definition('web'));
	const made = await aws.call('CreateService', service('web'));
	const digits = String(made['service']?.['deployments']?.[0]?.['id']).replace('ecs-svc/', '');
	const { serviceDeployments } = await aws.call('ListServiceDeployments', { cluster: 'main', service: 'web' });
	const revision = String(serviceDeployments?.[0]?.['targetServiceRevisionArn']);
	expect(revision).toBe(`arn:aws:ecs:eu-central-1:000000000000:service-revision/main/web/${digits}`);
	expect((await aws.call('DescribeServiceRevisions', { serviceRevisionArns: [revision] }))['serviceRevisions']).toMatchObject([{ taskDefinition: expect.stringMatching(/web:1$/) }]);
});

/** Values that requests might have, right and wrong ones. */
const name = constantFrom('main', 'web', 'web:1', 'web:2', 'none', '', 'arn:aws:ecs:eu-central-1:000000000000:cluster/main', 'arn:aws:ecs:eu-central-1:000000000000:service/main/web', 'a'.repeat(32));
const networks = constant(runnable('web').networkConfiguration);
const request = record(
	{
		cluster: oneof({ weight: 5, arbitrary: constant('main') }, { weight: 1, arbitrary: name }),
		clusterName: name,
		clusters: array(name),
		service: oneof({ weight: 5, arbitrary: constant('web') }, { weight: 1, arbitrary: name }),
		services: array(name),
		serviceName: constantFrom('web', 'other'),
		task: name,
		tasks: array(name),
		taskDefinition: constantFrom('web', 'web:1', 'web:2', 'none'),
		taskDefinitions: array(name),
		family: constantFrom('web', '!'),
		containerDefinitions: array(record({ name: constantFrom('web', 'b'), image: constantFrom('x', 'missing') })),
		desiredCount: integer({ min: -1, max: 4 }),
		count: integer({ min: 0, max: 12 }),
		launchType: constantFrom('FARGATE', 'EC2', 'x'),
		networkConfiguration: oneof({ weight: 5, arbitrary: networks }, { weight: 1, arbitrary: anything() }),
		deploymentConfiguration: record({ maximumPercent: constantFrom(100, 150, 200), minimumHealthyPercent: constantFrom(0, 50, 100), deploymentCircuitBreaker: constant({ enable: true, rollback: true }) }, { requiredKeys: [] }),
		availabilityZoneRebalancing: constantFrom('ENABLED', 'DISABLED'),
		forceNewDeployment: boolean(),
		force: boolean(),
		maxResults: integer({ min: 0, max: 101 }),
		nextToken: string(),
		resourceArn: name,
		tags: oneof(array(record({ key: string(), value: string() })), anything()),
		tagKeys: array(string()),
		overrides: anything(),
		clientToken: constantFrom('one', 'two'),
	},
	{ requiredKeys: ['cluster', 'service', 'serviceName', 'taskDefinition', 'networkConfiguration', 'launchType', 'desiredCount'] },
);
const step = record({ operation: constantFrom(...operationNames), input: oneof({ weight: 9, arbitrary: request }, { weight: 1, arbitrary: anything() }), seconds: constantFrom(0, 0, 1, 15, 60), exit: option(integer({ min: 0, max: 2 })) });

test('whatever is asked in whatever order, the answer has the form of AWS and nothing breaks', async () => {
	await assert(
		asyncProperty(array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
			const aws = await worldWith(definition('web'), definition('web', { healthCheck: { command: ['CMD', 'x'] } }));
			for (const { operation, input, seconds, exit } of steps) {
				const { status, body } = await aws.ecs.handle(operation, input);
				expect(status === 200 ? JSON.stringify(body) : String(body['__type'])).toMatch(status === 200 ? /^(?!.*null)/ : /^(?!Server)\w+Exception$/);
				if (exit !== null) aws.runtime.containers.at(-1)?.exit(exit);
				await aws.clock.advance(seconds);
			}
			await aws.ecs.reset();
			expect(aws.interfaces.size).toBe(0);
			expect(aws.runtime.containers.filter(({ ended }) => !ended)).toEqual([]);
			expect(aws.warnings.filter((line) => line.startsWith('ecs '))).toEqual([]);
		}),
		{ numRuns: 60 },
	);
});

test('services end where they were told to: random updates, crashes and time, then calm', async () => {
	const change = record({ desiredCount: integer({ min: 0, max: 4 }), taskDefinition: constantFrom('web:1', 'web:2'), crash: boolean(), seconds: constantFrom(0, 1, 5, 45) });
	// Not 50/150: with one task both limits are 1, and AWS waits for ever too.
	const percentages = constantFrom([0, 100], [100, 200], [50, 200], [0, 200]);
	await assert(
		asyncProperty(array(change, { maxLength: 8 }), percentages, async (changes, [minimumHealthyPercent, maximumPercent]) => {
			const aws = await worldWith(definition('web'), definition('web', { healthCheck: { command: ['CMD', 'x'], interval: 5 } }));
			await aws.call('CreateService', service('web', { deploymentConfiguration: { minimumHealthyPercent, maximumPercent }, availabilityZoneRebalancing: 'DISABLED' }));
			for (const { crash, seconds, ...update } of changes) {
				await aws.call('UpdateService', { cluster: 'main', service: 'web', ...update });
				if (crash) for (const container of aws.runtime.alive('web')) container.exit(1);
				await aws.clock.advance(seconds);
				expect(aws.runtime.alive('web').length).toBeLessThanOrEqual(8);
			}
			await aws.clock.advance(3600);
			const [calm] = (await aws.call('DescribeServices', { cluster: 'main', services: ['web'] }))['services'] ?? [];
			const desired = changes.at(-1)?.desiredCount ?? 1;
			expect(calm).toMatchObject({ desiredCount: desired, runningCount: desired, pendingCount: 0, deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED' }] });
			expect(calm?.['deployments']).toHaveLength(1);
			expect(aws.runtime.alive('web')).toHaveLength(desired);
			expect(String(calm?.['events']?.[0]?.['message'])).toBe('(service web) has reached a steady state.');
		}),
		{ numRuns: 40 },
	);
});
