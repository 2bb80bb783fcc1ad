import { expect, test } from 'vitest';
import type { Balancing, BalancedTarget } from '../../../src/local/ecs/dependencies.ts';
import { type Body, definition, healthCheck, prepared, service, type World, world } from './stubs.ts';

const group = 'arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/web/0';

/** A target group whose checks and draining a test decides. */
class StubGroup implements Balancing {
	/** By address. */
	readonly states = new Map<string, 'initial' | 'healthy' | 'unhealthy' | 'draining'>();
	readonly #drained = new Map<string, () => void>();
	readonly #watchers = new Set<() => void>();

	isAssociated(arn: string): boolean | undefined {
		return arn === group ? true : arn.endsWith('/idle') ? false : undefined;
	}

	register(_group: string, { id }: BalancedTarget): void {
		this.set(id, 'initial');
	}

	deregister(_group: string, { id }: BalancedTarget): Promise<void> {
		this.set(id, 'draining');
		return new Promise((resolve) => this.#drained.set(id, resolve));
	}

	healthOf(_group: string, { id }: BalancedTarget) {
		return this.states.get(id) ?? 'unused';
	}

	watch(_group: string, changed: () => void): () => void {
		this.#watchers.add(changed);
		return () => void this.#watchers.delete(changed);
	}

	set(id: string, state: 'initial' | 'healthy' | 'unhealthy' | 'draining'): void {
		this.states.set(id, state);
		for (const changed of this.#watchers) changed();
	}

	drained(id: string): void {
		this.states.delete(id);
		this.#drained.get(id)?.();
	}
}

const web = () => definition('web', { healthCheck, portMappings: [{ containerPort: 8080 }] });
const balanced = (more: Record<string, unknown> = {}) => service('web', { loadBalancers: [{ targetGroupArn: group, containerName: 'web', containerPort: 8080 }], healthCheckGracePeriodSeconds: 60, ...more });

async function stage(): Promise<{ aws: World; targets: StubGroup }> {
	const targets = new StubGroup();
	return { targets, aws: await prepared(world({ balancing: targets }), [web(), web()]) };
}

const describe = async (aws: World): Promise<Body> => (await aws.call('DescribeServices', { cluster: 'main', services: ['web'] }))['services']?.[0] ?? ({} as Body);
const rollouts = (described: Body) => described['deployments']?.map((each) => [each['status'], each['rolloutState']]);
const events = (described: Body) => described['events']?.map((event) => String(event['message'])) ?? [];
const tasks = async (aws: World, desiredStatus = 'RUNNING') => {
	const { taskArns } = await aws.call('ListTasks', { cluster: 'main', desiredStatus });
	return [...((await aws.call('DescribeTasks', { cluster: 'main', tasks: taskArns }))['tasks'] ?? [])];
};

test('a deployment is complete when the load balancer finds its task healthy too', async () => {
	const { aws, targets } = await stage();
	await aws.call('CreateService', balanced({ taskDefinition: 'web:1' }));
	await aws.clock.advance(30);
	expect([...targets.states]).toEqual([['10.0.0.5', 'initial']]);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'IN_PROGRESS']]);
	targets.set('10.0.0.5', 'healthy');
	await aws.clock.advance(1);
	const done = await describe(aws);
	expect(rollouts(done)).toEqual([['PRIMARY', 'COMPLETED']]);
	expect(done).toMatchObject({ healthCheckGracePeriodSeconds: 60, loadBalancers: [{ targetGroupArn: group }] });
	expect(events(done)).toContain(`(service web) registered 1 targets in (target-group ${group})`);
});

test('a release leaves the old task its requests before it is told to stop', async () => {
	const { aws, targets } = await stage();
	await aws.call('CreateService', balanced({ taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	targets.set('10.0.0.5', 'healthy');
	await aws.call('UpdateService', { cluster: 'main', service: 'web', taskDefinition: 'web:2' });
	await aws.clock.advance(15);
	expect(targets.states.get('10.0.0.5')).toBe('healthy');
	targets.set('10.0.0.6', 'healthy');
	await aws.clock.advance(20);
	expect(targets.states.get('10.0.0.5')).toBe('draining');
	expect(aws.runtime.alive('web')).toHaveLength(2);
	expect(aws.runtime.journal.filter((entry) => entry !== 'web:start')).toEqual([]);
	const [old] = (await tasks(aws, 'STOPPED')).filter(({ lastStatus }) => String(lastStatus) !== 'STOPPED');
	expect(old).toMatchObject({ lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' });
	targets.drained('10.0.0.5');
	await aws.clock.advance(1);
	expect(aws.runtime.journal.filter((entry) => entry !== 'web:start')).toEqual(['web:SIGTERM', 'web:exit']);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED']]);
	expect(events(await describe(aws))).toEqual(expect.arrayContaining(['(service web) has begun draining connections on 1 tasks.', `(service web) deregistered 1 targets in (target-group ${group})`]));
});

test('a task that fails the checks of the load balancer is replaced once its grace period is over', async () => {
	const { aws, targets } = await stage();
	await aws.call('CreateService', balanced({ taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	targets.set('10.0.0.5', 'unhealthy');
	await aws.clock.advance(30);
	expect(await tasks(aws)).toHaveLength(1);
	await aws.clock.advance(20);
	expect(targets.states.get('10.0.0.6')).toBe('initial');
	targets.set('10.0.0.6', 'healthy');
	await aws.clock.advance(15);
	targets.drained('10.0.0.5');
	await aws.clock.advance(1);
	expect(await tasks(aws, 'STOPPED')).toMatchObject([{ stoppedReason: `Task failed ELB health checks in (target-group ${group})` }]);
	expect(rollouts(await describe(aws))).toEqual([['PRIMARY', 'COMPLETED']]);
});

test('a change of load balancers is a deployment, and an empty list takes them away', async () => {
	const { aws, targets } = await stage();
	await aws.call('CreateService', service('web', { taskDefinition: 'web:1' }));
	await aws.clock.advance(15);
	expect(targets.states.size).toBe(0);
	const loadBalancers = [{ targetGroupArn: group, containerName: 'web', containerPort: 8080 }];
	await aws.call('UpdateService', { cluster: 'main', service: 'web', loadBalancers });
	await aws.clock.advance(15);
	targets.set('10.0.0.6', 'healthy');
	await aws.clock.advance(15);
	expect(await describe(aws)).toMatchObject({ loadBalancers, deployments: [{ rolloutState: 'COMPLETED' }] });
	await aws.call('UpdateService', { cluster: 'main', service: 'web', loadBalancers: [] });
	await aws.clock.advance(15);
	targets.drained('10.0.0.6');
	await aws.clock.advance(1);
	expect(await describe(aws)).toMatchObject({ loadBalancers: [], deployments: [{ rolloutState: 'COMPLETED' }] });
	expect([...targets.states]).toEqual([]);
});

test('a target group needs a load balancer that leads to it', async () => {
	const { aws } = await stage();
	const create = (targetGroupArn: string) => aws.refused('CreateService', { ...balanced({ taskDefinition: 'web:1' }), loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 8080 }] });
	expect(await create(`${group}/idle`)).toBe(`InvalidParameterException: The target group with targetGroupArn ${group}/idle does not have an associated load balancer.`);
	expect(await create('arn:none')).toMatch(/^InvalidParameterException: The specified target group does not exist/);
});
