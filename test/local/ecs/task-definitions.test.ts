import { expect, test } from 'vitest';
import { definition, executionRole, runnable, world, worldWith } from './stubs.ts';

const container = (more: Record<string, unknown> = {}) => ({ name: 'app', image: 'example/image', ...more });
const withContainers = (...containerDefinitions: Record<string, unknown>[]) => definition('app', {}, { containerDefinitions });
const withVolume = (efsVolumeConfiguration: Record<string, unknown>) => definition('app', {}, { volumes: [{ name: 'files', efsVolumeConfiguration }] });
const check = (more: Record<string, unknown>) => definition('app', { healthCheck: { command: ['CMD', 'true'], ...more } });
const ecr = '000000000000.dkr.ecr.eu-central-1.amazonaws.com/app:1';
const secret = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:app-AbCdEf';

const mistakes: readonly [string, Record<string, unknown>, string][] = [
	['no container', withContainers(), 'Container list cannot be empty'],
	['no name', withContainers({ image: 'x' }), 'Container.name should not be null or empty.'],
	['no image', withContainers({ name: 'x' }), 'Container.image should not be null or empty.'],
	['a family with a dot', definition('a.b'), 'Family contains invalid characters.'],
	['two of a name', withContainers(container(), container()), 'Container names must be unique within a task definition'],
	['no cpu', definition('app', {}, { cpu: undefined }), "Fargate requires that 'cpu' be defined at the task level."],
	['no memory', definition('app', {}, { memory: undefined }), "Fargate requires that 'memory' be defined at the task level."],
	['a bad pair', definition('app', {}, { memory: '8192' }), 'No Fargate configuration exists for given values.'],
	['a bad cpu', definition('app', {}, { cpu: '300' }), "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."],
	['bridge', definition('app', {}, { networkMode: 'bridge' }), 'Fargate only supports network mode ‘awsvpc’.'],
	['no network mode', definition('app', {}, { networkMode: undefined }), 'Fargate only supports network mode ‘awsvpc’.'],
	['awslogs without execution role', definition('app', { logConfiguration: { logDriver: 'awslogs' } }, { executionRoleArn: undefined }), 'Fargate requires task definition to have execution role ARN to support log driver awslogs.'],
	['ECR without execution role', definition('app', { image: ecr }, { executionRoleArn: undefined }), 'Fargate requires task definition to have execution role ARN to support ECR images.'],
	['secrets without execution role', definition('app', { secrets: [{ name: 'A', valueFrom: secret }] }, { executionRoleArn: undefined }), "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'"],
	['a malformed role', definition('app', {}, { taskRoleArn: 'arn:aws:iam::1:role/x' }), 'Role is not valid'],
	['a host port', definition('app', { portMappings: [{ containerPort: 80, hostPort: 81 }] }), 'When networkMode=awsvpc, the host ports and container ports in port mappings must match.'],
	['too much cpu', withContainers(container({ cpu: 200 }), container({ name: 'b', cpu: 57 })), "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value"],
	['too much memory', definition('app', { memory: 600 }), "The 'memory' setting for container 'app' is greater than for the task"],
	['less than reserved', definition('app', { memory: 100, memoryReservation: 200 }), "'memory' must be greater than or equal to 'memoryReservation'"],
	['no memory at all', { family: 'app', containerDefinitions: [container()] }, "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified."],
	['an unknown dependency', definition('app', { dependsOn: [{ containerName: 'x', condition: 'START' }] }), 'Cannot depend on container x because it does not exist'],
	['HEALTHY without check', withContainers(container({ dependsOn: [{ containerName: 'b', condition: 'HEALTHY' }] }), container({ name: 'b' })), 'A dependency container with HEALTHY condition must have health check configured'],
	['SUCCESS of an essential one', withContainers(container({ dependsOn: [{ containerName: 'b', condition: 'SUCCESS' }] }), container({ name: 'b' })), 'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container'],
	['a cycle', withContainers(container({ dependsOn: [{ containerName: 'b', condition: 'START' }] }), container({ name: 'b', dependsOn: [{ containerName: 'app', condition: 'START' }] })), 'Container dependencies cannot have a cycle'],
	['nothing essential', definition('app', { essential: false }), 'TaskDefinition must have at least one essential container'],
	['an unknown volume', definition('app', { mountPoints: [{ sourceVolume: 'x', containerPath: '/x' }] }), "Unknown volume 'x'"],
	['IAM without TLS', withVolume({ fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } }), 'EFS IAM authorization requires TransitEncryption to be enabled'],
	['a TLS port without TLS', withVolume({ fileSystemId: 'fs-1', transitEncryptionPort: 2049 }), 'TransitEncryptionPort requires that TransitEncryption is enabled'],
	['an access point below a directory', withVolume({ fileSystemId: 'fs-1', rootDirectory: '/x', transitEncryption: 'ENABLED', authorizationConfig: { accessPointId: 'fsap-1' } }), 'When using an EFS access point, the root directory must either be set to "/" or be omitted.'],
	['a host path', definition('app', {}, { volumes: [{ name: 'x', host: { sourcePath: '/x' } }] }), 'Fargate compatible task definitions do not support sourcePath'],
	['a Docker volume', definition('app', {}, { volumes: [{ name: 'x', dockerVolumeConfiguration: { scope: 'task' } }] }), 'Fargate compatible task definitions do not support dockerVolumeConfiguration'],
	['ipcMode', definition('app', {}, { ipcMode: 'host' }), 'Fargate compatible task definitions do not support ipcMode'],
	['devices', definition('app', { linuxParameters: { devices: [{}] } }), 'Fargate compatible task definitions do not support devices'],
	['maxSwap', definition('app', { linuxParameters: { maxSwap: 1 } }), 'Fargate compatible task definitions do not support maxSwap'],
	['pidMode', definition('app', {}, { pidMode: 'host' }), "Tasks using the Fargate launch type do not support pidMode 'host'"],
	['DNS servers', definition('app', { dnsServers: ['1.1.1.1'] }), 'DNS servers are not supported on container when networkMode=awsvpc'],
	['no networking', definition('app', { disableNetworking: true }), 'Disable Networking is not supported on container when networkMode=awsvpc'],
	['awslogs without group', definition('app', { logConfiguration: { logDriver: 'awslogs', options: {} } }), 'Log driver awslogs requires options: awslogs-group'],
	['too little storage', definition('app', {}, { ephemeralStorage: { sizeInGiB: 20 } }), 'EphemeralStorage size should be at least 21'],
	['empty tags', definition('app', {}, { tags: [] }), 'Tags can not be empty.'],
	['a secret named like a variable', definition('app', { environment: [{ name: 'A', value: '' }], secrets: [{ name: 'A', valueFrom: secret }] }), 'The secret name must be unique and not shared with any new or existing environment variables set on the container'],
	['a fast check', check({ interval: 1 }), 'Health check interval must be between 5 and 300.'],
	['a patient check', check({ timeout: 61 }), 'Health check timeout must be between 2 and 60.'],
	['a stubborn check', check({ retries: 11 }), 'Health check retries must be between 1 and 10.'],
	['a late check', check({ startPeriod: 301 }), 'Health check startPeriod must be between 0 and 300.'],
	['a long stop', definition('app', { stopTimeout: 121 }), 'stopTimeout must be between 0 and 120 seconds on Fargate.'],
	['eleven containers', withContainers(...Array.from({ length: 11 }, (_, index) => container({ name: `c${index}` }))), 'Too many containers: a task definition can have at most 10 containers.'],
];

test.each(mistakes)('RegisterTaskDefinition refuses %s', async (_what, input, message) => {
	const aws = world();
	expect(await aws.refused('RegisterTaskDefinition', input)).toBe(`ClientException: ${message}`);
});

test('a definition may have 65,536 bytes', async () => {
	const aws = world();
	const message = await aws.refused('RegisterTaskDefinition', definition('app', { environment: [{ name: 'A', value: 'x'.repeat(66_000) }] }));
	expect(message).toMatch(/^ClientException: Actual length: '66\d{3}'\. Max allowed length is '65536' bytes\.$/);
});

test('the echo has the defaults that clients compare with', async () => {
	const aws = world();
	const input = definition('app', { portMappings: [{ containerPort: 8080 }] }, { cpu: '.5 vCPU', memory: '1 GB', tags: [{ key: 'a', value: 'b' }] });
	const { taskDefinition, tags } = await aws.call('RegisterTaskDefinition', input);
	expect(tags).toEqual([{ key: 'a', value: 'b' }]);
	expect(taskDefinition).toMatchObject({
		taskDefinitionArn: 'arn:aws:ecs:eu-central-1:000000000000:task-definition/app:1', revision: 1, status: 'ACTIVE', cpu: '512', memory: '1024', volumes: [], placementConstraints: [],
		compatibilities: ['EC2', 'FARGATE'], registeredBy: 'arn:aws:iam::000000000000:root', registeredAt: expect.any(Number),
		containerDefinitions: [{ cpu: 0, essential: true, environment: [], mountPoints: [], volumesFrom: [], portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }] }],
	});
	expect(taskDefinition).not.toHaveProperty('tags');
	const described = await aws.call('DescribeTaskDefinition', { taskDefinition: 'app' });
	expect(described).not.toHaveProperty('tags');
	expect(described['taskDefinition']).toEqual(taskDefinition);
	expect((await aws.call('DescribeTaskDefinition', { taskDefinition: 'app', include: ['TAGS'] }))['tags']).toEqual(tags);
});

test('revisions count on for ever; the latest ACTIVE one is the family', async () => {
	const aws = await worldWith(definition('app'), definition('app'), definition('other'));
	const latest = async () => (await aws.call('DescribeTaskDefinition', { taskDefinition: 'app' }))['taskDefinition']?.['revision'];
	expect(await latest()).toBe(2);
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'app:2' });
	expect(await latest()).toBe(1);
	expect(await aws.call('DescribeTaskDefinition', { taskDefinition: 'app:2' })).toMatchObject({ taskDefinition: { status: 'INACTIVE', deregisteredAt: expect.any(Number) } });
	expect(await aws.refused('DeregisterTaskDefinition', { taskDefinition: 'app' })).toBe('ClientException: Revision is missing.');
	const deleted = await aws.call('DeleteTaskDefinitions', { taskDefinitions: ['app:2', 'app:1', 'app:9'] });
	expect(deleted['taskDefinitions']).toMatchObject([{ revision: 2, status: 'DELETE_IN_PROGRESS', deleteRequestedAt: expect.any(Number) }]);
	expect(deleted['failures']?.[0]?.['reason']).toBe('The specified task definition is still in ACTIVE status. Please deregister the target and try again.');
	expect(deleted['failures']).toHaveLength(2);
	expect(await aws.refused('DescribeTaskDefinition', { taskDefinition: 'app:2' })).toBe('ClientException: Unable to describe task definition.');
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'app:1' });
	await aws.call('DeleteTaskDefinitions', { taskDefinitions: ['app:1'] });
	expect((await aws.call('RegisterTaskDefinition', definition('app')))['taskDefinition']).toMatchObject({ revision: 3 });
});

test('a deleted revision stays as long as a task uses it', async () => {
	const aws = await worldWith(definition('app'));
	await aws.call('RunTask', runnable('app'));
	await aws.clock.advance(1);
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'app:1' });
	await aws.call('DeleteTaskDefinitions', { taskDefinitions: ['app:1'] });
	expect(await aws.call('DescribeTaskDefinition', { taskDefinition: 'app:1' })).toMatchObject({ taskDefinition: { status: 'DELETE_IN_PROGRESS' } });
	aws.runtime.latest('app').exit(0);
	await aws.clock.advance(1);
	expect(await aws.refused('DescribeTaskDefinition', { taskDefinition: 'app:1' })).toMatch(/Unable to describe/);
});

test('lists: families, revisions, status, order, pages', async () => {
	const aws = await worldWith(definition('app'), definition('app'), definition('app-two'), definition('zed'));
	await aws.call('DeregisterTaskDefinition', { taskDefinition: 'zed:1' });
	const revisions = async (input: Record<string, unknown>) => (await aws.call('ListTaskDefinitions', input))['taskDefinitionArns']?.map((arn) => String(arn).split('/')[1]);
	const families = async (input: Record<string, unknown>) => (await aws.call('ListTaskDefinitionFamilies', input))['families'];
	expect(await revisions({})).toEqual(['app:1', 'app:2', 'app-two:1']);
	expect(await revisions({ sort: 'DESC' })).toEqual(['app-two:1', 'app:2', 'app:1']);
	expect(await revisions({ familyPrefix: 'app' })).toEqual(['app:1', 'app:2']);
	expect(await revisions({ status: 'INACTIVE' })).toEqual(['zed:1']);
	expect(await families({})).toEqual(['app', 'app-two', 'zed']);
	expect(await families({ familyPrefix: 'app' })).toEqual(['app', 'app-two']);
	expect(await families({ status: 'INACTIVE' })).toEqual(['zed']);
	const first = await aws.call('ListTaskDefinitions', { maxResults: 2 });
	expect(first['taskDefinitionArns']).toHaveLength(2);
	const second = await aws.call('ListTaskDefinitions', { maxResults: 2, nextToken: first['nextToken'] });
	expect(second['taskDefinitionArns']).toHaveLength(1);
	expect(second).not.toHaveProperty('nextToken');
});

test('other compatibilities need no Fargate size', async () => {
	const aws = world();
	const { taskDefinition } = await aws.call('RegisterTaskDefinition', { family: 'app', executionRoleArn: executionRole, containerDefinitions: [container({ memory: 64 })] });
	expect(taskDefinition).toMatchObject({ compatibilities: ['EC2'] });
	expect(taskDefinition).not.toHaveProperty('cpu');
});
