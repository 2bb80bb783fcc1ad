import { describe, expect, test } from 'vitest';
import { containerSteps, type ContainerView, mayRestart, taskHealth } from '../../../src/local/ecs/model/containers.ts';
import { breakerThreshold, startDelay } from '../../../src/local/ecs/model/failures.ts';
import { cpuUnits, isFargateSize, memoryMiB } from '../../../src/local/ecs/model/fargate.ts';
import { afterCheck, firstHealth, healthSettings } from '../../../src/local/ecs/model/health.ts';
import { parseSecretReference } from '../../../src/local/ecs/model/secret-reference.ts';
import { type DeploymentView, serviceSteps, type ServiceTaskView, type ServiceView } from '../../../src/local/ecs/model/service.ts';

describe('the deployment loop', () => {
	const deployment = (id: string, more: Partial<DeploymentView> = {}): DeploymentView => ({
		id, rollout: 'IN_PROGRESS', completedOnce: false, rollingBack: false, failedTasks: 0, nextStartAt: 0, saidBlocked: false,
		...more,
	});
	const done = { rollout: 'COMPLETED', completedOnce: true } as const;
	const healthy = (id: string, of: string): ServiceTaskView => ({ id, deployment: of, phase: 'running', healthy: true, unhealthy: false });
	const fresh = (id: string, of: string): ServiceTaskView => ({ ...healthy(id, of), healthy: false });
	const sick = (id: string, of: string): ServiceTaskView => ({ ...healthy(id, of), healthy: false, unhealthy: true });
	const stopping = (id: string, of: string): ServiceTaskView => ({ ...healthy(id, of), phase: 'stopping', healthy: false });
	const many = (count: number, of: string) => Array.from({ length: count }, (_, index) => healthy(`${of}-${index}`, of));
	const rolling = (desired: number, minimumHealthyPercent: number, maximumPercent: number, tasks: ServiceTaskView[], more: Partial<ServiceView> = {}) =>
		serviceSteps({ desired, minimumHealthyPercent, maximumPercent, breaker: undefined, deployments: [deployment('new'), deployment('old', done)], tasks, steady: false, ...more }, 0);

	test('1 with 100/200: start, wait, stop the old one, complete', () => {
		expect(rolling(1, 100, 200, [healthy('o', 'old')])).toEqual([{ kind: 'start', deployment: 'new', count: 1 }]);
		expect(rolling(1, 100, 200, [healthy('o', 'old'), fresh('n', 'new')])).toEqual([]);
		expect(rolling(1, 100, 200, [healthy('o', 'old'), healthy('n', 'new')])).toEqual([{ kind: 'stop', why: 'scaling', tasks: ['o'] }]);
		expect(rolling(1, 100, 200, [stopping('o', 'old'), healthy('n', 'new')])).toEqual([{ kind: 'complete', deployment: 'new' }]);
	});

	test('1 with 0/100: stop, wait for the end, start', () => {
		expect(rolling(1, 0, 100, [healthy('o', 'old')])).toEqual([{ kind: 'stop', why: 'scaling', tasks: ['o'] }]);
		expect(rolling(1, 0, 100, [stopping('o', 'old')])).toEqual([]);
		expect(rolling(1, 0, 100, [])).toEqual([{ kind: 'start', deployment: 'new', count: 1 }]);
	});

	test('AWS’s own examples: 4 with 50/200 may stop 2 first, 2 with 75 stops none, 3 with max 125 starts none', () => {
		expect(rolling(4, 50, 200, many(4, 'old'))).toEqual([{ kind: 'stop', why: 'scaling', tasks: ['old-0', 'old-1'] }]);
		expect(rolling(2, 75, 200, many(2, 'old'))).toEqual([{ kind: 'start', deployment: 'new', count: 2 }]);
		expect(rolling(3, 100, 125, many(3, 'old'))).toEqual([{ kind: 'blocked', deployment: 'new' }]);
	});

	test('the circuit breaker: back to what was completed, or to nothing', () => {
		const failing = { breaker: { threshold: 3, rollback: true }, deployments: [deployment('new', { failedTasks: 3 }), deployment('between'), deployment('old', done)] } as const;
		expect(rolling(1, 100, 200, [healthy('o', 'old')], failing)).toEqual([{ kind: 'fail', deployment: 'new', rollbackTo: 'old' }]);
		expect(rolling(1, 100, 200, [], { ...failing, deployments: [deployment('new', { failedTasks: 3 })] })).toEqual([{ kind: 'fail', deployment: 'new', rollbackTo: undefined }]);
		expect(rolling(1, 100, 200, [], { ...failing, breaker: { threshold: 3, rollback: false } })).toMatchObject([{ rollbackTo: undefined }]);
		const failed = { deployments: [deployment('new', { rollout: 'FAILED' }), deployment('old', done)] } as const;
		expect(rolling(1, 100, 200, [healthy('o', 'old')], failed)).toEqual([]);
	});

	test('an unhealthy task: its replacement first where the maximum allows, else it goes first', () => {
		const alone = { deployments: [deployment('new', done)] } as const;
		expect(rolling(1, 100, 200, [sick('a', 'new')], alone)).toEqual([{ kind: 'start', deployment: 'new', count: 1 }]);
		expect(rolling(1, 100, 200, [sick('a', 'new'), fresh('b', 'new')], alone)).toEqual([]);
		expect(rolling(1, 100, 200, [sick('a', 'new'), healthy('b', 'new')], alone)).toEqual([{ kind: 'stop', why: 'unhealthy', tasks: ['a'] }]);
		expect(rolling(1, 0, 100, [sick('a', 'new')], alone)).toEqual([{ kind: 'stop', why: 'unhealthy', tasks: ['a'] }]);
	});

	test('scaling in stops the worst first; a back-off holds starts', () => {
		const alone = { deployments: [deployment('new', { ...done, nextStartAt: 1 })] } as const;
		expect(rolling(1, 100, 200, [healthy('a', 'new'), { ...fresh('b', 'new'), phase: 'pending' }], alone)).toEqual([{ kind: 'stop', why: 'scaling', tasks: ['b'] }]);
		expect(rolling(2, 100, 200, [healthy('a', 'new')], alone)).toEqual([]);
	});

	test('steady is said once', () => {
		const alone = { deployments: [deployment('new', done)] } as const;
		expect(rolling(1, 100, 200, [healthy('a', 'new')], alone)).toEqual([{ kind: 'steady' }]);
		expect(rolling(1, 100, 200, [healthy('a', 'new')], { ...alone, steady: true })).toEqual([]);
	});
});

describe('the order of containers', () => {
	const container = (name: string, more: Partial<ContainerView> = {}): ContainerView => ({
		name, essential: true, dependsOn: [], status: 'PENDING', health: 'UNKNOWN', exitCode: undefined, startTimedOut: false,
		...more,
	});
	const after = (containerName: string, condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY') => ({ dependsOn: [{ containerName, condition }] });
	const ended = (exitCode: number | undefined) => ({ status: 'STOPPED', exitCode }) as const;

	test.each([
		['START', { status: 'STARTING' }, 'wait'],
		['START', { status: 'RUNNING' }, 'start'],
		['START', ended(1), 'start'],
		['START', ended(undefined), 'never'],
		['COMPLETE', { status: 'RUNNING' }, 'wait'],
		['COMPLETE', ended(1), 'start'],
		['SUCCESS', ended(0), 'start'],
		['SUCCESS', ended(1), 'never'],
		['SUCCESS', { status: 'RUNNING', startTimedOut: true }, 'never'],
		['HEALTHY', { status: 'RUNNING', health: 'UNHEALTHY' }, 'wait'],
		['HEALTHY', { status: 'RUNNING', health: 'HEALTHY', startTimedOut: true }, 'start'],
		['HEALTHY', ended(0), 'never'],
	] as const)('%s of a dependency that is %j: %s', (condition, state, outcome) => {
		const steps = containerSteps([container('a', after('b', condition)), container('b', state)], 'RUNNING');
		expect(steps).toEqual({ start: outcome === 'start' ? ['a'] : [], stop: [], unresolvable: outcome === 'never' });
	});

	test('stopping: dependents first, those that never started at once', () => {
		const running = { status: 'RUNNING' } as const;
		const chain = [container('a', { ...running, ...after('b', 'START') }), container('b', { ...running, ...after('c', 'START') }), container('c', running)];
		expect(containerSteps(chain, 'STOPPED').stop).toEqual(['a']);
		expect(containerSteps([{ ...chain[0], ...ended(0) } as ContainerView, ...chain.slice(1)], 'STOPPED').stop).toEqual(['b']);
		expect(containerSteps([container('a', after('b', 'HEALTHY')), container('b', running)], 'STOPPED').stop).toEqual(['a', 'b']);
	});

	test('restarts only after the period, never on an ignored code', () => {
		expect(mayRestart({ enabled: true }, 1, 299)).toBe(false);
		expect(mayRestart({ enabled: true }, 1, 300)).toBe(true);
		expect(mayRestart({ enabled: true, restartAttemptPeriod: 60, ignoredExitCodes: [0] }, 0, 61)).toBe(false);
		expect(mayRestart({ enabled: false, restartAttemptPeriod: 60 }, 1, 61)).toBe(false);
	});
});

describe('health', () => {
	const settings = healthSettings({ command: ['CMD', 'true'], startPeriod: 30, retries: 2 });

	test('defaults and forms of the command', () => {
		expect(settings).toEqual({ command: ['true'], interval: 30, timeout: 5, retries: 2, startPeriod: 30 });
		expect(healthSettings({ command: ['CMD-SHELL', 'curl x || exit 1'] }).command).toEqual(['/bin/sh', '-c', 'curl x || exit 1']);
	});

	test('within the start period only success counts, and ends it', () => {
		expect(afterCheck(firstHealth, settings, false, 10)).toEqual(firstHealth);
		const healthy = afterCheck(firstHealth, settings, true, 10);
		expect(healthy.status).toBe('HEALTHY');
		const once = afterCheck(healthy, settings, false, 20);
		expect(once.status).toBe('HEALTHY');
		expect(afterCheck(once, settings, false, 25).status).toBe('UNHEALTHY');
		expect(afterCheck(afterCheck(firstHealth, settings, false, 31), settings, false, 40).status).toBe('UNHEALTHY');
	});

	test('a task is as healthy as its essential containers with a check', () => {
		const of = (health: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY', essential = true, checked = true) => ({ health, essential, checked });
		expect(taskHealth([of('HEALTHY'), of('UNKNOWN', true, false), of('UNHEALTHY', false)])).toBe('HEALTHY');
		expect(taskHealth([of('HEALTHY'), of('UNHEALTHY')])).toBe('UNHEALTHY');
		expect(taskHealth([of('HEALTHY'), of('UNKNOWN')])).toBe('UNKNOWN');
		expect(taskHealth([of('UNKNOWN', true, false)])).toBe('UNKNOWN');
	});
});

test.each([
	[1, undefined, 3],
	[10, undefined, 5],
	[1000, undefined, 200],
	[1, { type: 'COUNT', value: 2 }, 2],
	[1000, { type: 'UNBOUNDED_PERCENT', value: 50 }, 500],
] as const)('the circuit breaker of %i tasks with %j trips at %i', (desired, thresholdConfiguration, expected) => {
	expect(breakerThreshold({ enable: true, rollback: true, thresholdConfiguration }, desired)).toBe(expected);
});

test('the back-off starts after the third failure and ends at 15 minutes', () => {
	expect([1, 2, 3, 4, 20].map(startDelay)).toEqual([0, 0, 10_000, 20_000, 900_000]);
});

test('Fargate sizes', () => {
	expect([cpuUnits('1 vCPU'), cpuUnits('.25 vcpu'), cpuUnits('1024'), cpuUnits('x'), memoryMiB('2 GB'), memoryMiB('0.5GB'), memoryMiB('1.5')]).toEqual([1024, 256, 1024, undefined, 2048, 512, undefined]);
	expect([isFargateSize(256, 512), isFargateSize(256, 2048), isFargateSize(256, 1536), isFargateSize(1024, 1024), isFargateSize(8192, 20_480), isFargateSize(16_384, 36_864)]).toEqual([true, true, false, false, true, false]);
});

test('secret references', () => {
	const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app-AbCdEf';
	const of = (more: Record<string, unknown>) => ({ reference: { service: 'secretsmanager', region: 'us-east-1', secretId: arn, versionStage: undefined, versionId: undefined, ...more } });
	expect(parseSecretReference(arn, 'x')).toMatchObject(of({}));
	expect(parseSecretReference(`${arn}:url::`, 'x')).toMatchObject({ ...of({}), jsonKey: 'url' });
	expect(parseSecretReference(`${arn}::AWSPREVIOUS:`, 'x')).toMatchObject({ ...of({ versionStage: 'AWSPREVIOUS' }), jsonKey: undefined });
	expect(parseSecretReference('arn:aws:ssm:us-east-1:000000000000:parameter/a/b', 'x')?.reference).toEqual({ service: 'ssm', region: 'us-east-1', name: '/a/b' });
	expect(parseSecretReference('plain', 'x')?.reference).toEqual({ service: 'ssm', region: 'x', name: 'plain' });
	expect(parseSecretReference('arn:aws:s3:::bucket', 'x')).toBeUndefined();
});
