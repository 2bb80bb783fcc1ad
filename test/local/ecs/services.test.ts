import { expect, test } from 'vitest';
import { type Body, definition, healthCheck, runnable, service, type World, world, worldWith } from './stubs.ts';

const describe = async (aws: World, name = 'web') => (await aws.call('DescribeServices', { cluster: 'main', services: [name] }))['services']?.[0] ?? fail();
const fail = (): never => {
	throw new Error('not there');
};
/** Oldest first, without ids. */
const events = (described: Body) =>
	described['events']
		?.map((event) => String(event['message']).replaceAll(/ecs-svc\/\d+/g, 'ecs-svc/N').replaceAll(/task [0-9a-f]{32}/g, 'task ID'))
		.toReversed() ?? [];
const rollouts = (described: Body) => described['deployments']?.map((each) => [each['status'], each['rolloutState'], String(each['taskDefinition']).split('/')[1]]);
const task = (container: Record<string, unknown> = {}) => definition('web', { healthCheck, ...container });

test('a first deployment starts its tasks, waits for their checks and becomes steady', async () => {
	const aws = await worldWith(task());
	const created = await aws.call('CreateService', service('web'));
	expect(created['service']).toMatchObject({ status: 'ACTIVE', runningCount: 0, pendingCount: 0, deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100 } });
	await aws.clock.advance(1);
	expect(await describe(aws)).toMatchObject({ runningCount: 1, deployments: [{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }] });
	await aws.clock.advance(10);
	const steady = await describe(aws);
	expect(rollouts(steady)).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
	expect(events(steady)).toEqual([
		'(service web) has started 1 tasks: (task ID).',
		'(service web) (deployment ecs-svc/N) deployment completed.',
		'(service web) has reached a steady state.',
	]);
});

test('a service without a check counts its task after 40 seconds', async () => {
	const aws = await worldWith(definition('web'));
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(39);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'IN_PROGRESS', 'web:1']]);
	await aws.clock.advance(1.1);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
});

test('100/200: the old task serves until the new one is healthy', async () => {
	const aws = await worldWith(task(), task());
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(5);
	expect(aws.runtime.alive('web')).toHaveLength(2);
	expect(rollouts(await describe(aws))).toEqual([
		['PRIMARY', 'IN_PROGRESS', 'web:2'],
		['ACTIVE', 'COMPLETED', 'web:1'],
	]);
	await aws.clock.advance(6);
	expect(aws.runtime.alive('web')).toHaveLength(1);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:2']]);
	const [stopped] = (await aws.call('ListTasks', { cluster: 'main', desiredStatus: 'STOPPED' }))['taskArns'] ?? [];
	const { tasks } = await aws.call('DescribeTasks', { cluster: 'main', tasks: [stopped] });
	expect(tasks?.[0]).toMatchObject({ stopCode: 'ServiceSchedulerInitiated', stoppedReason: expect.stringMatching(/^Scaling activity initiated by \(deployment ecs-svc\/\d{19}\)$/) });
});

test('0/100: the new task starts only when the containers of the old one have ended', async () => {
	const aws = await worldWith(task({ stopTimeout: 120 }), task());
	const alone = { deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 }, availabilityZoneRebalancing: 'DISABLED' };
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1', ...alone }));
	await aws.clock.advance(15);
	aws.runtime.latest('web').ignoresSigterm = true;
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(119);
	expect(aws.runtime.containers).toHaveLength(1);
	expect(aws.runtime.latest('web').signals).toEqual(['SIGTERM']);
	await aws.clock.advance(20);
	expect(aws.runtime.containers).toHaveLength(2);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:2']]);
});

test('the circuit breaker rolls back to the last completed deployment', async () => {
	const aws = await worldWith(task(), task({ command: ['broken'] }));
	const breaker = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } };
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1', ...breaker }));
	await aws.clock.advance(15);
	aws.runtime.onStart = (container) => container.spec.command?.[0] === 'broken' && container.exit(1);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(5);
	const described = await describe(aws);
	expect(rollouts(described)).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
	expect(described).toMatchObject({ taskDefinition: expect.stringMatching(/web:1$/), runningCount: 1 });
	expect(events(described).slice(3)).toEqual([
		...Array.from({ length: 3 }, () => '(service web) has started 1 tasks: (task ID).'),
		'(service web) is unable to consistently start tasks successfully.',
		'(service web) (deployment ecs-svc/N) deployment failed: tasks failed to start.',
		'(service web) rolling back to deployment ecs-svc/N.',
		'(service web) (deployment ecs-svc/N) deployment completed.',
		'(service web) has reached a steady state.',
	]);
	const { serviceDeployments } = await aws.call('ListServiceDeployments', { cluster: 'main', service: 'web' });
	expect(serviceDeployments?.map(({ status }) => status)).toEqual(['ROLLBACK_SUCCESSFUL', 'SUCCESSFUL']);
	const detail = await aws.call('DescribeServiceDeployments', { serviceDeploymentArns: [serviceDeployments?.[0]?.['serviceDeploymentArn']] });
	expect(detail['serviceDeployments']?.[0]).toMatchObject({ deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 }, rollback: { reason: expect.stringContaining('circuit breaker') } });
});

test('StopServiceDeployment goes back to the last completed deployment at once', async () => {
	const aws = await worldWith(task(), task());
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(1);
	const { serviceDeployments } = await aws.call('ListServiceDeployments', { cluster: 'main', service: 'web', status: ['PENDING', 'IN_PROGRESS'] });
	const serviceDeploymentArn = serviceDeployments?.[0]?.['serviceDeploymentArn'];
	expect(await aws.call('StopServiceDeployment', { serviceDeploymentArn, stopType: 'ROLLBACK' })).toEqual({ serviceDeploymentArn });
	await aws.clock.advance(2);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
	expect((await aws.call('DescribeServiceDeployments', { serviceDeploymentArns: [serviceDeploymentArn] }))['serviceDeployments']?.[0]).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL' });
	await expect(aws.call('StopServiceDeployment', { serviceDeploymentArn })).rejects.toThrow(/ConflictException/);
});

test('a rollback at 0/100 starts the old revision again, and shows the failed one meanwhile', async () => {
	const aws = await worldWith(task(), task({ command: ['broken'] }));
	const alone = { minimumHealthyPercent: 0, maximumPercent: 100, deploymentCircuitBreaker: { enable: true, rollback: true } };
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1', deploymentConfiguration: alone, availabilityZoneRebalancing: 'DISABLED' }));
	await aws.clock.advance(15);
	aws.runtime.onStart = (container) => container.spec.command?.[0] === 'broken' && container.exit(1);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(5);
	const rolling = await describe(aws);
	expect(rollouts(rolling)).toEqual([
		['PRIMARY', 'IN_PROGRESS', 'web:1'],
		['ACTIVE', 'FAILED', 'web:2'],
	]);
	expect(rolling['deployments']?.[0]?.['rolloutStateReason']).toMatch(/^ECS deployment circuit breaker: rolling back to deploymentId ecs-svc\/\d{19}\.$/);
	expect(rolling['deployments']?.[1]?.['rolloutStateReason']).toBe('ECS deployment circuit breaker: tasks failed to start.');
	await aws.clock.advance(10);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
});

test('a first deployment that fails has nothing to roll back to: FAILED, and no more starts', async () => {
	const aws = await worldWith(task());
	aws.runtime.onStart = (container) => container.exit(1);
	await aws.call('CreateService', service('web', { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } }));
	await aws.clock.advance(3600);
	const described = await describe(aws);
	expect(rollouts(described)).toEqual([['PRIMARY', 'FAILED', 'web:1']]);
	expect(described).toMatchObject({ runningCount: 0, pendingCount: 0, deployments: [{ failedTasks: 3 }] });
	expect(aws.runtime.containers).toHaveLength(3);
});

test('without a circuit breaker failing tasks are started for ever, ever more slowly', async () => {
	const aws = await worldWith(task());
	aws.runtime.onStart = (container) => container.exit(1);
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(60);
	expect(aws.runtime.containers.length).toBeLessThanOrEqual(6);
	await aws.clock.advance(4 * 3600);
	expect(aws.runtime.containers.length).toBeGreaterThan(15);
	expect(aws.runtime.containers.length).toBeLessThan(40);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'IN_PROGRESS', 'web:1']]);
});

test('a task whose check fails is replaced: first start, then stop', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(100);
	aws.runtime.latest('web').health = { exitCode: 1, output: 'no' };
	await aws.clock.advance(30);
	expect(aws.runtime.alive('web')).toHaveLength(2);
	await aws.clock.advance(10);
	expect(aws.runtime.alive('web')).toHaveLength(1);
	expect(events(await describe(aws)).slice(3)).toEqual([
		'(service web) has started 1 tasks: (task ID). Amazon ECS replaced 1 tasks due to an unhealthy status.',
		'(service web) (task ID) failed container health checks.',
		'(service web) has stopped 1 running tasks: (task ID).',
		'(service web) has reached a steady state.',
	]);
});

test('a deployment whose checks fail trips the circuit breaker while the old task serves', async () => {
	const aws = await worldWith(task(), task({ command: ['sick'], healthCheck: { ...healthCheck, startPeriod: 0 } }));
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1', deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } }));
	await aws.clock.advance(15);
	aws.runtime.onStart = (container) => {
		if (container.spec.command?.[0] === 'sick') container.health = { exitCode: 1, output: 'sick' };
	};
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(100);
	expect(aws.runtime.alive('web')).toHaveLength(1);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
	expect(events(await describe(aws)).filter((event) => event.endsWith('failed container health checks.'))).toHaveLength(3);
});

test('percentages that allow nothing are said once', async () => {
	const aws = await worldWith(task(), task());
	const stuck = { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 125 } };
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1', desiredCount: 3, ...stuck }));
	await aws.clock.advance(30);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(300);
	expect(events(await describe(aws)).filter((event) => event.includes('unable to stop or start tasks'))).toHaveLength(1);
	expect(aws.runtime.containers).toHaveLength(3);
});

test('a stopped or crashed task of a completed deployment is replaced', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(15);
	aws.runtime.latest('web').exit(1);
	await aws.clock.advance(15);
	expect(await describe(aws)).toMatchObject({ runningCount: 1, deployments: [{ rolloutState: 'COMPLETED', failedTasks: 0 }] });
	const [arn] = (await aws.call('ListTasks', { cluster: 'main', serviceName: 'web' }))['taskArns'] ?? [];
	await aws.call('StopTask', { cluster: 'main', task: arn });
	await aws.clock.advance(15);
	expect(await describe(aws)).toMatchObject({ runningCount: 1 });
	expect(aws.runtime.containers).toHaveLength(3);
});

test('a task that was healthy and crashes is no failed task of its deployment', async () => {
	const aws = await worldWith(task({ healthCheck: { ...healthCheck, startPeriod: 300 } }));
	const breaker = { deploymentCircuitBreaker: { enable: true, rollback: true, resetOnHealthyTask: false } };
	await aws.call('CreateService', service('web', { desiredCount: 2, deploymentConfiguration: breaker }));
	await aws.clock.advance(1);
	const [slow] = aws.runtime.alive('web');
	if (slow !== undefined) slow.health = { exitCode: 1, output: 'starting' };
	for (let crash = 0; crash < 4; crash += 1) {
		await aws.clock.advance(11);
		for (const container of aws.runtime.alive('web')) if (container !== slow) container.exit(1);
	}
	await aws.clock.advance(1);
	expect(await describe(aws)).toMatchObject({ runningCount: 2, deployments: [{ rolloutState: 'IN_PROGRESS', failedTasks: 0 }] });
});

test('scaling in and out keeps the deployment', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(15);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', desiredCount: 3 });
	await aws.clock.advance(15);
	expect(await describe(aws)).toMatchObject({ desiredCount: 3, runningCount: 3, deployments: [{ desiredCount: 3, rolloutState: 'COMPLETED' }] });
	await aws.call('UpdateService', { cluster: 'main', service: 'web', desiredCount: 0 });
	await aws.clock.advance(15);
	expect(await describe(aws)).toMatchObject({ desiredCount: 0, runningCount: 0 });
	expect(events(await describe(aws)).at(-1)).toBe('(service web) has reached a steady state.');
	expect(aws.interfaces.size).toBe(0);
});

test('forceNewDeployment replaces, the same definition again does not', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(15);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web', enableECSManagedTags: true });
	expect((await describe(aws))['deployments']).toHaveLength(1);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', forceNewDeployment: true });
	expect((await describe(aws))['deployments']).toHaveLength(2);
	await aws.clock.advance(15);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
});

test('a second update while the first is under way wins', async () => {
	const aws = await worldWith(task(), task({ command: ['sick'] }), task());
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	aws.runtime.onStart = (container) => {
		if (container.spec.command?.[0] === 'sick') container.health = { exitCode: 1, output: 'sick' };
	};
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(5);
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:3' });
	await aws.clock.advance(20);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:3']]);
	expect(aws.runtime.alive('web')).toHaveLength(1);
	const { serviceDeployments } = await aws.call('ListServiceDeployments', { cluster: 'main', service: 'web' });
	expect(serviceDeployments?.map(({ status }) => status)).toEqual(['SUCCESSFUL', 'STOPPED', 'SUCCESSFUL']);
});

test('a deleted service is DRAINING, then INACTIVE while its interfaces live on, and its name is free', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(15);
	aws.runtime.latest('web').ignoresSigterm = true;
	expect(await aws.refused('DeleteService', { cluster: 'main', service: 'web' })).toBe('InvalidParameterException: The service cannot be stopped while it is scaled above 0.');
	expect((await aws.call('DeleteService', { cluster: 'main', service: 'web', force: true }))['service']).toMatchObject({ status: 'DRAINING', desiredCount: 0 });
	expect((await aws.call('ListServices', { cluster: 'main' }))['serviceArns']).toEqual([]);
	await aws.clock.advance(1);
	expect(await describe(aws)).toMatchObject({ status: 'INACTIVE', deployments: [] });
	expect(aws.interfaces.size).toBe(1);
	expect(await aws.refused('DeleteCluster', { cluster: 'main' })).toBe('ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active.');
	expect((await aws.call('DeleteService', { cluster: 'main', service: 'web' }))['service']).toMatchObject({ status: 'INACTIVE' });
	expect(await aws.refused('UpdateService', { cluster: 'main', service: 'web', desiredCount: 1 })).toBe('ServiceNotActiveException: Service was not ACTIVE.');
	await aws.call('CreateService', service('web', { desiredCount: 0 }));
	await aws.clock.advance(60);
	expect(await describe(aws)).toMatchObject({ status: 'ACTIVE' });
	expect(aws.interfaces.size).toBe(0);
});

test('a role that ECS cannot assume is an event, and tried again', async () => {
	const aws = await worldWith(task());
	aws.missingRoles.add('arn:aws:iam::000000000000:role/task');
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(1);
	expect(events(await describe(aws))[0]).toContain("failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::000000000000:role/task' that was provided");
	aws.missingRoles.clear();
	await aws.clock.advance(30);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED', 'web:1']]);
});

test('an IAM that does not answer is an event too, not the end of the endpoint', async () => {
	const aws = world({ roles: { exists: async () => Promise.reject(new Error('connect ECONNREFUSED')) } });
	await aws.call('CreateCluster', { clusterName: 'main' });
	await aws.call('RegisterTaskDefinition', task());
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(1);
	expect(events(await describe(aws))).toEqual(['(service web) failed to launch a task with (error connect ECONNREFUSED).']);
	expect(await aws.refused('RunTask', runnable('web'))).toBe('ServerException: Service Unavailable. Please try again later.');
});

test('nothing is left waiting when a service is steady', async () => {
	const aws = await worldWith(definition('web'));
	await aws.call('CreateService', service('web'));
	await aws.clock.advance(60);
	expect(aws.clock.waiting).toBe(0);
});

test('tags and managed tags reach the tasks', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web', { propagateTags: 'SERVICE', enableECSManagedTags: true, tags: [{ key: 'owner', value: 'me' }] }));
	await aws.clock.advance(1);
	const { taskArns } = await aws.call('ListTasks', { cluster: 'main' });
	const { tasks } = await aws.call('DescribeTasks', { cluster: 'main', tasks: taskArns, include: ['TAGS'] });
	expect(tasks?.[0]?.['tags']).toEqual([
		{ key: 'owner', value: 'me' },
		{ key: 'aws:ecs:clusterName', value: 'main' },
		{ key: 'aws:ecs:serviceName', value: 'web' },
	]);
	expect(tasks?.[0]).toMatchObject({ group: 'service:web', startedBy: expect.stringMatching(/^ecs-svc\/\d{19}$/) });
});

test.each([
	[{ deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 100 } }, 'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments'],
	[{ deploymentConfiguration: { minimumHealthyPercent: 150 } }, 'minimumHealthyPercent must be at most 100'],
	[{ loadBalancers: [{ targetGroupArn: 'a', containerName: 'x', containerPort: 1 }] }, 'The container x does not exist in the task definition'],
	[{ loadBalancers: [{ targetGroupArn: 'a', containerName: 'web', containerPort: 1 }] }, 'The container web did not have a container port 1 defined'],
	[{ networkConfiguration: undefined }, "Network Configuration must be provided when networkMode 'awsvpc' is specified."],
	[{ deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 } }, "The service couldn't be created because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration."],
	[{ launchType: 'FARGATE', capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] }, 'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.'],
	[{ desiredCount: undefined }, 'Desired count must be specified for the REPLICA scheduling strategy.'],
])('CreateService refuses %j', async (change, message) => {
	const aws = await worldWith(task());
	expect(await aws.refused('CreateService', service('web', change))).toBe(`InvalidParameterException: ${message}`);
});

test('exec needs a task role', async () => {
	const aws = await worldWith(definition('web', {}, { taskRoleArn: undefined }));
	expect(await aws.refused('CreateService', service('web', { enableExecuteCommand: true }))).toContain('because a valid taskRoleArn is not being used.');
});

test('creating is idempotent for the same request and refused for another', async () => {
	const aws = await worldWith(task());
	const both = await Promise.all([aws.call('CreateService', service('web')), aws.call('CreateService', service('web'))]);
	expect(both[0]['service']?.['serviceArn']).toEqual(both[1]['service']?.['serviceArn']);
	expect(await aws.refused('CreateService', service('web', { desiredCount: 2 }))).toBe('InvalidParameterException: Creation of service was not idempotent.');
	const deleted = aws.call('DeleteService', { cluster: 'main', service: 'web', force: true });
	expect(await aws.refused('CreateService', service('web'))).toBe('InvalidParameterException: Unable to Start a service that is still Draining.');
	await deleted;
});

test('UpdateService refuses what AWS refuses', async () => {
	const aws = await worldWith(task(), task());
	const alone = { deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 }, availabilityZoneRebalancing: 'DISABLED' };
	await aws.call('CreateService', service('web', alone));
	const update = { cluster: 'main', service: 'web' };
	expect(await aws.refused('UpdateService', { ...update, availabilityZoneRebalancing: 'ENABLED' })).toBe(
		"InvalidParameterException: The service couldn't be updated because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
	);
	expect(await aws.refused('UpdateService', { cluster: 'main', service: 'nothing' })).toBe('ServiceNotFoundException: Service not found.');
	expect(await aws.refused('UpdateService', { cluster: 'none', service: 'web' })).toBe('ClusterNotFoundException: Cluster not found.');
	expect(await aws.refused('UpdateService', { ...update, taskDefinition: 'nothing' })).toBe('ClientException: TaskDefinition not found.');
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'web:1' });
	expect(await aws.refused('UpdateService', { ...update, taskDefinition: 'web:1' })).toBe('ClientException: TaskDefinition is inactive');
});

test('a cluster with services or tasks cannot be deleted; a deleted one takes nothing new', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web'));
	expect(await aws.refused('DeleteCluster', { cluster: 'main' })).toBe('ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.');
	await aws.call('DeleteService', { cluster: 'main', service: 'web', force: true });
	await aws.clock.advance(60);
	expect((await aws.call('DeleteCluster', { cluster: 'main' }))['cluster']).toMatchObject({ status: 'INACTIVE' });
	expect(await aws.refused('CreateService', service('web'))).toBe('ClusterNotFoundException: The referenced cluster was inactive.');
	expect(await aws.refused('RunTask', runnable('web'))).toBe('ClusterNotFoundException: The referenced cluster was inactive.');
	expect((await aws.call('DescribeServices', { cluster: 'main', services: ['web', 'other'] }))).toMatchObject({
		services: [{ status: 'INACTIVE' }],
		failures: [{ arn: 'arn:aws:ecs:eu-central-1:000000000000:service/main/other', reason: 'MISSING' }],
	});
});

test('a service on container instances finds none', async () => {
	const aws = await worldWith(task());
	await aws.call('CreateService', service('web', { launchType: 'EC2', networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } } }));
	await aws.clock.advance(1);
	expect(events(await describe(aws))[0]).toContain('was unable to place a task because no container instance met all of its requirements.');
});
