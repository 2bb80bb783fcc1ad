import { expect, test } from 'vitest';
import { AwsFailure } from '../../../src/local/ecs/dependencies.ts';
import { type Body, definition, executionRole, healthCheck, network, runnable, settled, type World, world, worldWith } from './stubs.ts';

const run = async (aws: World, family: string, more: Record<string, unknown> = {}) => {
	const { tasks } = await aws.call('RunTask', runnable(family, more));
	return String(tasks?.[0]?.['taskArn']);
};
const show = async (aws: World, arn: string): Promise<Body> => {
	const { tasks } = await aws.call('DescribeTasks', { cluster: 'main', tasks: [arn] });
	if (tasks?.[0] === undefined) throw new Error('no such task');
	return tasks[0];
};
const containers = (...list: Record<string, unknown>[]) => definition('app', {}, { containerDefinitions: list.map((each) => ({ image: 'example/image', ...each })) });
const awslogs = { logDriver: 'awslogs', options: { 'awslogs-group': '/group', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'ecs' } };

test('a task is PROVISIONING when made, RUNNING with everything filled in, STOPPED with its exit code', async () => {
	const aws = await worldWith(definition('app'));
	const { tasks, failures } = await aws.call('RunTask', runnable('app'));
	expect(failures).toEqual([]);
	expect(tasks?.[0]).toMatchObject({ lastStatus: 'PROVISIONING', desiredStatus: 'RUNNING', version: 1, attachments: [{ status: 'PRECREATED', details: [{ name: 'subnetId' }] }], containers: [{ lastStatus: 'PENDING' }] });
	expect(tasks?.[0]?.['containers']?.[0]).not.toHaveProperty('runtimeId');
	const arn = String(tasks?.[0]?.['taskArn']);
	await aws.clock.advance(1);
	const running = await show(aws, arn);
	expect(running).toMatchObject({
		lastStatus: 'RUNNING', connectivity: 'CONNECTED', cpu: '256', memory: '512', version: 4, group: 'family:app', launchType: 'FARGATE', platformVersion: '1.4.0', healthStatus: 'UNKNOWN', tags: [],
		overrides: { containerOverrides: [{ name: 'app' }], inferenceAcceleratorOverrides: [] },
		attachments: [{ type: 'ElasticNetworkInterface', status: 'ATTACHED' }],
		containers: [{ lastStatus: 'RUNNING', cpu: '0', networkBindings: [], networkInterfaces: [{ privateIpv4Address: '10.0.0.5' }], imageDigest: expect.stringMatching(/^sha256:/), runtimeId: expect.stringMatching(/^[0-9a-f]{32}-\d{10}$/) }],
	});
	expect(running['attachments']?.[0]?.['details']?.map(({ name }) => name)).toEqual(['subnetId', 'networkInterfaceId', 'macAddress', 'privateDnsName', 'privateIPv4Address']);
	expect(running).not.toHaveProperty('stoppedAt');
	aws.runtime.latest('app').exit(3);
	await settled();
	const stopped = await show(aws, arn);
	expect(stopped).toMatchObject({ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited', attachments: [{ status: 'DELETED' }], containers: [{ lastStatus: 'STOPPED', exitCode: 3 }] });
	for (const time of ['createdAt', 'connectivityAt', 'pullStartedAt', 'pullStoppedAt', 'startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt']) expect({ [time]: stopped[time] }).toEqual({ [time]: expect.any(Number) });
	expect(aws.interfaces.size).toBe(0);
	expect(aws.runtime.disposed).toHaveLength(1);
});

test('a stopped task can be seen for an hour, then it is MISSING', async () => {
	const aws = await worldWith(definition('app'));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	aws.runtime.latest('app').exit(0);
	await aws.clock.advance(3599);
	expect((await show(aws, arn))['lastStatus']).toBe('STOPPED');
	await aws.clock.advance(2);
	expect(await aws.call('DescribeTasks', { cluster: 'main', tasks: [arn] })).toEqual({ tasks: [], failures: [{ arn, reason: 'MISSING' }] });
});

test('StopTask answers at once, sends SIGTERM, kills after stopTimeout, and an hour of silence does not matter', async () => {
	const aws = await worldWith(definition('app', { stopTimeout: 20 }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	const container = aws.runtime.latest('app');
	container.ignoresSigterm = true;
	const { task } = await aws.call('StopTask', { cluster: 'main', task: arn });
	expect(task).toMatchObject({ desiredStatus: 'STOPPED', lastStatus: 'RUNNING', stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' });
	await aws.clock.advance(19);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPING', containers: [{ lastStatus: 'RUNNING' }] });
	expect(container.signals).toEqual(['SIGTERM']);
	await aws.clock.advance(2);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPED', containers: [{ exitCode: 137 }] });
	const again = await aws.call('StopTask', { cluster: 'main', task: arn, reason: 'later' });
	expect(again['task']).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'Task stopped by user' });
});

test('a task has the size that its overrides give it, for whoever asks', async () => {
	const aws = await worldWith(definition('app'));
	const arn = await run(aws, 'app', { overrides: { cpu: '1024', memory: '4096', ephemeralStorage: { sizeInGiB: 30 } } });
	await aws.clock.advance(1);
	const task = await show(aws, arn);
	expect(task).toMatchObject({ cpu: '1024', memory: '4096', ephemeralStorage: { sizeInGiB: 30 }, overrides: { cpu: '1024', memory: '4096', ephemeralStorage: { sizeInGiB: 30 } } });
	const { body } = aws.ecs.metadata(`/v4/${String(task['containers']?.[0]?.['runtimeId'])}/task`);
	expect(body).toMatchObject({ Limits: { CPU: 1, Memory: 4096 }, EphemeralStorageMetrics: { Reserved: 30 * 1024 } });
});

test('containers start by their dependencies and stop the other way round', async () => {
	const aws = await worldWith(
		containers(
			{ name: 'web', dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }, { containerName: 'database', condition: 'HEALTHY' }] },
			{ name: 'setup', essential: false, dependsOn: [{ containerName: 'database', condition: 'START' }] },
			{ name: 'database', healthCheck },
		),
	);
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	expect(aws.runtime.journal).toEqual(['database:start', 'setup:start']);
	aws.runtime.latest('setup').exit(0);
	await aws.clock.advance(1);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'PENDING' });
	await aws.clock.advance(9);
	expect(aws.runtime.journal).toEqual(['database:start', 'setup:start', 'setup:exit', 'web:start']);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'RUNNING' });
	await aws.call('StopTask', { cluster: 'main', task: arn });
	await settled();
	expect(aws.runtime.journal.slice(4)).toEqual(['web:SIGTERM', 'web:exit', 'database:SIGTERM', 'database:exit']);
});

test.each([
	['SUCCESS', 1, {}],
	['HEALTHY', undefined, { startTimeout: 5 }],
])('a dependency that can never be %s ends the task', async (condition, exitCode, more) => {
	const aws = await worldWith(containers({ name: 'web', dependsOn: [{ containerName: 'first', condition }] }, { name: 'first', essential: false, healthCheck, ...more }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	if (exitCode !== undefined) aws.runtime.latest('first').exit(exitCode);
	await aws.clock.advance(5);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart', stoppedReason: `TaskDependencyError: Task dependencies cannot be resolved, taskArn: ${arn}` });
	const [web] = (await show(aws, arn))['containers'] ?? [];
	expect(web).toMatchObject({ lastStatus: 'STOPPED' });
	expect(web).not.toHaveProperty('exitCode');
});

test('an essential container that ends takes the others along; one that is not leaves them', async () => {
	const aws = await worldWith(containers({ name: 'main' }, { name: 'side', essential: false }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	aws.runtime.latest('side').exit(1);
	await settled();
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'RUNNING', containers: [{ lastStatus: 'RUNNING' }, { lastStatus: 'STOPPED', exitCode: 1 }] });
	aws.runtime.latest('main').exit(0, { outOfMemory: true });
	await settled();
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPED', containers: [{ reason: 'OutOfMemoryError: Container killed due to memory usage' }, { exitCode: 1 }] });
});

test('a restart policy restarts a container that ran long enough', async () => {
	const aws = await worldWith(containers({ name: 'main' }, { name: 'sync', essential: false, restartPolicy: { enabled: true, restartAttemptPeriod: 60, ignoredExitCodes: [7] } }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(61);
	aws.runtime.latest('sync').exit(1);
	await settled();
	expect(aws.runtime.alive('sync')).toHaveLength(1);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'RUNNING', containers: [{}, { lastStatus: 'RUNNING' }] });
	aws.runtime.latest('sync').exit(1);
	await settled();
	expect(aws.runtime.alive('sync')).toHaveLength(0);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'RUNNING', containers: [{}, { lastStatus: 'STOPPED', exitCode: 1 }] });
});

test('an exit code to ignore is not restarted', async () => {
	const aws = await worldWith(containers({ name: 'main' }, { name: 'sync', essential: false, restartPolicy: { enabled: true, restartAttemptPeriod: 60, ignoredExitCodes: [7] } }));
	await run(aws, 'app');
	await aws.clock.advance(61);
	aws.runtime.latest('sync').exit(7);
	await settled();
	expect(aws.runtime.alive('sync')).toHaveLength(0);
});

test('checks run after the interval, failures within the start period do not count, a success counts at once', async () => {
	const aws = await worldWith(definition('app', { healthCheck: { ...healthCheck, interval: 5, retries: 2, startPeriod: 12 } }));
	const arn = await run(aws, 'app');
	const state = async () => (await show(aws, arn))['healthStatus'];
	await aws.clock.advance(4.9);
	aws.runtime.latest('app').health = { exitCode: 1, output: 'not yet' };
	expect(aws.runtime.latest('app').checks).toEqual([]);
	await aws.clock.advance(6);
	expect(aws.runtime.latest('app').checks).toHaveLength(2);
	expect(await state()).toBe('UNKNOWN');
	await aws.clock.advance(5);
	expect(await state()).toBe('UNKNOWN');
	await aws.clock.advance(5);
	expect(await state()).toBe('UNHEALTHY');
	aws.runtime.latest('app').health = { exitCode: 0, output: 'ok' };
	await aws.clock.advance(5);
	expect(await state()).toBe('HEALTHY');
	expect((await show(aws, arn))['lastStatus']).toBe('RUNNING');
});

test('an image that cannot be pulled, a container that cannot start', async () => {
	const aws = await worldWith(definition('app', { image: 'missing/image' }), definition('other'));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	const reason = 'CannotPullContainerError: failed to resolve ref missing/image: not found';
	const stopped = await show(aws, arn);
	expect(stopped).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart', stoppedReason: reason, containers: [{ reason }] });
	expect(stopped).not.toHaveProperty('startedAt');
	expect(stopped['containers']?.[0]).not.toHaveProperty('exitCode');
	aws.runtime.onStart = () => {
		throw new Error('exec format error');
	};
	const other = await run(aws, 'other');
	await aws.clock.advance(1);
	expect(await show(aws, other)).toMatchObject({ stopCode: 'TaskFailedToStart', containers: [{ reason: 'CannotStartContainerError: exec format error' }] });
	expect(aws.interfaces.size).toBe(0);
});

test('secrets are resolved into the environment, with JSON keys; what is missing is told', async () => {
	const arn = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:app-AbCdEf';
	const withSecret = (valueFrom: string) => definition('app', { environment: [{ name: 'A', value: '1' }], secrets: [{ name: 'SECRET', valueFrom }] });
	const aws = await worldWith(withSecret(`${arn}:url::`), withSecret(arn), withSecret(`${arn}:other::`), withSecret(`${arn}x`));
	aws.secrets.set(arn, '{"url":"postgresql://"}');
	await run(aws, 'app:1', { overrides: { containerOverrides: [{ name: 'app', command: ['x'], environment: [{ name: 'A', value: '2' }] }] } });
	await aws.clock.advance(1);
	expect(aws.runtime.latest('app').spec).toMatchObject({
		command: ['x'],
		environment: {
			A: '2', SECRET: 'postgresql://', AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE', AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'eu-central-1',
			ECS_CONTAINER_METADATA_URI_V4: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4566\/v4\/[0-9a-f]{32}-\d{10}$/),
			AWS_CONTAINER_CREDENTIALS_FULL_URI: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4566\/v2\/credentials\/[0-9a-f-]{36}$/),
		},
	});
	await run(aws, 'app:2');
	await aws.clock.advance(1);
	expect(aws.runtime.latest('app').spec.environment['SECRET']).toBe('{"url":"postgresql://"}');
	const failed = [await run(aws, 'app:3'), await run(aws, 'app:4')];
	await aws.clock.advance(1);
	const start = 'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s):';
	expect((await show(aws, failed[0] ?? ''))['stoppedReason']).toBe(`${start} retrieved secret from Secrets Manager did not contain json key other`);
	expect((await show(aws, failed[1] ?? ''))['stoppedReason']).toBe(`${start} failed to fetch secret ${arn}x from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.`);
});

test('lines reach their stream in order within 0.3 s, the last ones before the task is STOPPED', async () => {
	const aws = await worldWith(definition('app', { logConfiguration: awslogs }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	const print = (line: string) => aws.runtime.latest('app').spec.onOutput(line);
	for (const line of ['one', '', 'two']) print(line);
	await aws.clock.advance(0.3);
	expect(aws.puts).toMatchObject([{ group: '/group', stream: `ecs/app/${arn.split('/').at(-1) ?? ''}`, events: [{ message: 'one' }, { message: 'two' }] }]);
	print('three');
	aws.runtime.latest('app').exit(0);
	await settled();
	expect((await show(aws, arn))['lastStatus']).toBe('STOPPED');
	expect(aws.logGroups.get('/group')).toEqual(['one', 'two', 'three']);
});

test('a log group that is missing fails the task, one that goes meanwhile does not', async () => {
	const aws = await worldWith(
		definition('app', { logConfiguration: awslogs }),
		definition('app', { logConfiguration: { ...awslogs, options: { ...awslogs.options, 'awslogs-group': '/made', 'awslogs-create-group': 'true' } } }),
	);
	await run(aws, 'app:2');
	await aws.clock.advance(1);
	aws.logGroups.delete('/made');
	aws.runtime.latest('app').spec.onOutput('lost');
	await aws.clock.advance(1);
	expect(aws.runtime.alive('app')).toHaveLength(1);
	expect(aws.warnings.join()).toContain('The specified log group does not exist.');
	aws.logGroups.clear();
	const arn = await run(aws, 'app:1');
	await aws.clock.advance(1);
	expect((await show(aws, arn))['stoppedReason']).toBe(
		'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1',
	);
});

test('a flood of lines is split into calls that PutLogEvents takes', async () => {
	const aws = await worldWith(definition('app', { logConfiguration: awslogs }));
	await run(aws, 'app');
	await aws.clock.advance(1);
	for (let line = 0; line < 25_000; line += 1) aws.runtime.latest('app').spec.onOutput(`line ${line} ${'x'.repeat(60)}`);
	aws.runtime.latest('app').spec.onOutput('y'.repeat(300_000));
	await aws.clock.advance(1);
	const lines = aws.puts.flatMap(({ events }) => events.map(({ message }) => message));
	expect(lines.slice(0, 25_000).every((line, index) => line.startsWith(`line ${index} `))).toBe(true);
	expect(lines.slice(25_000).join('')).toBe('y'.repeat(300_000));
	for (const { events } of aws.puts) {
		expect(events.length).toBeLessThanOrEqual(10_000);
		expect(events.reduce((sum, { message }) => sum + message.length + 26, 0)).toBeLessThanOrEqual(1_048_576);
	}
});

test('a container that is stopping is checked no more', async () => {
	const aws = await worldWith(definition('app', { stopTimeout: 60, healthCheck }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(11);
	const container = aws.runtime.latest('app');
	container.ignoresSigterm = true;
	await aws.call('StopTask', { cluster: 'main', task: arn });
	await aws.clock.advance(50);
	expect(container.checks).toHaveLength(1);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPING', healthStatus: 'HEALTHY' });
});

test('StopTask before anything runs: no container starts, nothing is left', async () => {
	const aws = await worldWith(definition('app'));
	const arn = await run(aws, 'app');
	await aws.call('StopTask', { cluster: 'main', task: arn, reason: 'changed my mind' });
	await aws.clock.advance(6);
	const stopped = await show(aws, arn);
	expect(stopped).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason: 'changed my mind' });
	expect(stopped).not.toHaveProperty('startedAt');
	expect(aws.runtime.containers).toEqual([]);
	expect(aws.interfaces.size).toBe(0);
});

test('a stop does not wait for a slow pull', async () => {
	const aws = await worldWith(definition('app'));
	aws.runtime.pull = async () => new Promise(() => undefined);
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'PENDING' });
	await aws.call('StopTask', { cluster: 'main', task: arn });
	await aws.clock.advance(1);
	expect(await show(aws, arn)).toMatchObject({ lastStatus: 'STOPPED' });
	expect(aws.interfaces.size).toBe(0);
});

test('managed agents are there with exec enabled', async () => {
	const aws = await worldWith(definition('app'));
	const arn = await run(aws, 'app', { enableExecuteCommand: true });
	await aws.clock.advance(1);
	expect(await show(aws, arn)).toMatchObject({ enableExecuteCommand: true, containers: [{ managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'RUNNING' }] }] });
});

test.each([
	[{ networkConfiguration: undefined }, "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified."],
	[{ networkConfiguration: { awsvpcConfiguration: { subnets: [] } } }, 'InvalidParameterException: subnets can not be empty.'],
	[{ networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-x'] } } }, "InvalidParameterException: Error retrieving subnet information for [subnet-x]: The subnet ID 'subnet-x' does not exist (ErrorCode: InvalidSubnetID.NotFound)"],
	[{ networkConfiguration: { awsvpcConfiguration: { ...network.awsvpcConfiguration, securityGroups: ['sg-x'] } } }, "InvalidParameterException: Error retrieving security group information for [sg-x]: The security group 'sg-x' does not exist (ErrorCode: InvalidGroup.NotFound)"],
	[{ networkConfiguration: { awsvpcConfiguration: { ...network.awsvpcConfiguration, securityGroups: ['sg-other'] } } }, 'InvalidParameterException: Security group sg-other does not appear to belong to the same VPC as the input subnets.'],
	[{ taskDefinition: 'nothing' }, 'ClientException: TaskDefinition not found.'],
	[{ taskDefinition: 'old:1' }, 'InvalidParameterException: TaskDefinition is inactive'],
	[{ taskDefinition: 'bridge' }, 'InvalidParameterException: Task definition does not support launch_type FARGATE.'],
	[{ overrides: { containerOverrides: [{ name: 'x' }] } }, 'InvalidParameterException: Override for container named x is not a container in the TaskDefinition.'],
	[{ overrides: { containerOverrides: [{ name: 'app', command: ['x'.repeat(9000)] }] } }, 'InvalidParameterException: Container Overrides length must be at most 8192'],
	[{ overrides: { cpu: '256', memory: '8192' } }, 'ClientException: No Fargate configuration exists for given values.'],
	[{ propagateTags: 'SERVICE' }, 'InvalidParameterException: Invalid value for propagateTags: SERVICE is not supported for a task that is not part of a service.'],
	[{ tags: [{ key: 'aws:x', value: '' }] }, "InvalidParameterException: User defined tag keys can't start with 'aws:'. 'aws:' prefixed system tags cannot be modified by user."],
	[{ platformVersion: '9' }, 'PlatformUnknownException: The specified platform does not exist.'],
	[{ launchType: undefined }, 'InvalidParameterException: Assign public IP is not supported for this launch type.'],
	[{ launchType: undefined, networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } } }, 'InvalidParameterException: No Container Instances were found in your cluster.'],
	[{ group: 'service:web' }, 'InvalidParameterException: Invalid namespace for group.'],
	[{ count: 11 }, "InvalidParameterException: 1 validation error detected: Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10"],
	[{ overrides: { taskRoleArn: 'arn:aws:iam::000000000000:role/none' } }, "ClientException: ECS was unable to assume the role 'arn:aws:iam::000000000000:role/none' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."],
])('RunTask refuses %j', async (change, message) => {
	const bridge = { family: 'bridge', executionRoleArn: executionRole, containerDefinitions: [{ name: 'bridge', image: 'x', memory: 64 }] };
	const aws = await worldWith(definition('app'), definition('old'), bridge);
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'old:1' });
	aws.missingRoles.add('arn:aws:iam::000000000000:role/none');
	expect(await aws.refused('RunTask', runnable('app', change))).toBe(message);
	expect(aws.warnings).toEqual([]);
});

test('a client token gives the same tasks again, in its cluster, for a day', async () => {
	const aws = await worldWith(definition('app'));
	const asked = runnable('app', { clientToken: 'token', count: 2 });
	const [first, second] = await Promise.all([aws.call('RunTask', asked), aws.call('RunTask', asked)]);
	const arns = first['tasks']?.map(({ taskArn }) => taskArn);
	expect(arns).toHaveLength(2);
	expect(second['tasks']?.map(({ taskArn }) => taskArn)).toEqual(arns);
	const { body } = await aws.handle('RunTask', { ...asked, count: 1 });
	expect(body).toMatchObject({ __type: 'ConflictException', resourceIds: arns });
	await aws.clock.advance(25 * 3600);
	const later = await aws.call('RunTask', asked);
	expect(later['tasks']?.[0]?.['taskArn']).not.toBe(arns?.[0]);
});

test('unknown tasks: what each operation says', async () => {
	const aws = await worldWith(definition('app'));
	const id = 'a'.repeat(32);
	expect(await aws.refused('StopTask', { cluster: 'main', task: id })).toBe('InvalidParameterException: The referenced task was not found.');
	expect(await aws.refused('DescribeTasks', { cluster: 'main', tasks: [] })).toBe('InvalidParameterException: Tasks cannot be empty.');
	expect(await aws.refused('DescribeTasks', { cluster: 'main', tasks: ['short'] })).toBe('InvalidParameterException: taskId length should be one of [32,36]');
	expect(await aws.call('DescribeTasks', { cluster: 'main', tasks: [id] })).toEqual({ tasks: [], failures: [{ arn: `arn:aws:ecs:eu-central-1:000000000000:task/main/${id}`, reason: 'MISSING' }] });
	expect(await aws.refused('ListTasks', { cluster: 'main', serviceName: 'none' })).toBe('ServiceNotFoundException: Service not found.');
});

test('ListTasks filters and pages', async () => {
	const aws = await worldWith(definition('app'), definition('other'));
	for (const startedBy of ['me', 'me', 'you']) await run(aws, 'app', { startedBy });
	await run(aws, 'other');
	const count = async (filter: Record<string, unknown>) => (await aws.call('ListTasks', { cluster: 'main', ...filter }))['taskArns']?.length;
	expect(await count({})).toBe(4);
	expect(await count({ startedBy: 'me' })).toBe(2);
	expect(await count({ family: 'other' })).toBe(1);
	expect(await count({ desiredStatus: 'PENDING' })).toBe(0);
	expect(await count({ desiredStatus: 'STOPPED' })).toBe(0);
	const first = await aws.call('ListTasks', { cluster: 'main', maxResults: 3 });
	const second = await aws.call('ListTasks', { cluster: 'main', maxResults: 3, nextToken: first['nextToken'] });
	expect([first['taskArns']?.length, second['taskArns']?.length, second['nextToken']]).toEqual([3, 1, undefined]);
	expect(await aws.refused('ListTasks', { cluster: 'main', nextToken: 'garbage' })).toMatch(/^InvalidParameterException/);
});

test('metadata and credentials, as a container asks for them', async () => {
	const aws = await worldWith(definition('app', { logConfiguration: awslogs }), definition('bare', {}, { taskRoleArn: undefined }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	const { environment } = aws.runtime.latest('app').spec;
	const path = new URL(environment['ECS_CONTAINER_METADATA_URI_V4'] ?? '').pathname;
	expect(aws.ecs.metadata(path)).toMatchObject({ status: 200, body: { Name: 'app', KnownStatus: 'RUNNING', Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['10.0.0.5'] }], LogDriver: 'awslogs' } });
	expect(aws.ecs.metadata(`${path}/task`)).toMatchObject({ status: 200, body: { TaskARN: arn, Family: 'app', Revision: '1', Limits: { CPU: 0.25, Memory: 512 }, Containers: [{ Name: 'app' }] } });
	expect(aws.ecs.metadata('/v4/unknown/task').status).toBe(400);
	const credentials = new URL(environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '').pathname;
	expect(await aws.ecs.credentials(credentials)).toMatchObject({ status: 200, body: { RoleArn: 'arn:aws:iam::000000000000:role/task', AccessKeyId: expect.stringMatching(/^ASIA/), Expiration: expect.any(String) } });
	expect((await aws.ecs.credentials('/v2/credentials/none')).status).toBe(400);
	await run(aws, 'bare');
	await aws.clock.advance(1);
	expect(aws.runtime.latest('bare').spec.environment).not.toHaveProperty('AWS_CONTAINER_CREDENTIALS_FULL_URI');
});

test('stopAll kills what runs and waits for it; reset forgets everything and works again', async () => {
	const aws = await worldWith(definition('app'));
	await run(aws, 'app');
	await aws.clock.advance(1);
	aws.runtime.latest('app').ignoresSigterm = true;
	await aws.ecs.reset();
	expect(aws.runtime.alive('app')).toEqual([]);
	expect(aws.interfaces.size).toBe(0);
	expect((await aws.call('ListClusters'))['clusterArns']).toEqual([]);
	await aws.call('CreateCluster', { clusterName: 'main' });
	await aws.call('RegisterTaskDefinition', definition('app'));
	await run(aws, 'app');
	await aws.clock.advance(1);
	await aws.ecs.stopAll();
	expect(aws.runtime.alive('app')).toEqual([]);
	expect(await aws.refused('ListClusters')).toMatch(/^ServerException/);
});

test('an EFS volume that cannot be mounted fails the task', async () => {
	const aws = world({ files: { check: async () => Promise.reject(new Error('Failed to resolve "fs-1.efs.eu-central-1.amazonaws.com"')) } });
	await aws.call('CreateCluster', { clusterName: 'main' });
	await aws.call('RegisterTaskDefinition', definition('app', { mountPoints: [{ sourceVolume: 'files', containerPath: '/files' }] }, { volumes: [{ name: 'files', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] }));
	const arn = await run(aws, 'app');
	await aws.clock.advance(1);
	expect((await show(aws, arn))['stoppedReason']).toMatch(/^ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: Failed to resolve/);
});

test('with the time that AWS takes, a task is seen in every state', async () => {
	const slow = world({ pace: (step) => ({ network: 6000, pull: 40_000, activation: 38_000, removal: 23_000 })[step] });
	await slow.call('CreateCluster', { clusterName: 'main' });
	await slow.call('RegisterTaskDefinition', definition('app'));
	const { tasks } = await slow.call('RunTask', runnable('app'));
	const arn = String(tasks?.[0]?.['taskArn']);
	const seen: string[] = [];
	const look = async () => void seen.push(String((await show(slow, arn))['lastStatus']));
	for (const seconds of [1, 10, 40, 40]) {
		await slow.clock.advance(seconds);
		await look();
	}
	await slow.call('StopTask', { cluster: 'main', task: arn });
	await slow.clock.advance(1);
	await look();
	await slow.clock.advance(30);
	await look();
	expect(seen).toEqual(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'DEPROVISIONING', 'STOPPED']);
});

test.each([
	['secretsmanager:GetSecretValue', /unable to retrieve secret from asm: .*AccessDeniedException: not allowed/],
	['logs:CreateLogStream', /failed to create Cloudwatch log stream: AccessDeniedException: not allowed/],
	['elasticfilesystem:ClientWrite', /mount\.nfs4: access denied by server.*AccessDeniedException: not allowed/],
])('a role that may not %s keeps its task from starting', async (forbidden, reason) => {
	const asked: string[] = [];
	const require = async (_role: string, _session: string, { action }: { action: string }) => {
		asked.push(action);
		if (action === forbidden) throw new AwsFailure('AccessDeniedException', 'not allowed');
	};
	const aws = world({ roles: { exists: async () => true, require } });
	aws.secrets.set('arn:aws:secretsmanager:eu-central-1:000000000000:secret:s-abcdef', 'x');
	await aws.call('CreateCluster', { clusterName: 'main' });
	const plain = definition('app');
	await aws.call('RegisterTaskDefinition', {
		...plain,
		taskRoleArn: executionRole,
		executionRoleArn: executionRole,
		volumes: [{ name: 'files', efsVolumeConfiguration: { fileSystemId: 'fs-1', transitEncryption: 'ENABLED', authorizationConfig: { iam: 'ENABLED', accessPointId: 'fsap-1' } } }],
		containerDefinitions: [{ name: 'app', image: 'app', secrets: [{ name: 'S', valueFrom: 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:s-abcdef' }], mountPoints: [{ sourceVolume: 'files', containerPath: '/files' }], logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/group', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'p' } } }],
	});
	const { tasks } = await aws.call('RunTask', runnable('app'));
	await aws.clock.advance(10);
	const task = await show(aws, String(tasks?.[0]?.['taskArn']));
	expect(task['stoppedReason']).toMatch(reason);
	expect(asked).toContain(forbidden);
});
