import pc from 'picocolors';
import { describe, expect, test, vi } from 'vitest';
import type { BranchDocument, RemovalDocument } from '../../src/environment/documents.ts';
import { renderBranches } from '../../src/ui/render/branches.ts';
import { renderRemovals } from '../../src/ui/render/teardown.ts';

const style = { colour: pc.createColors(false), width: 80 };
vi.useFakeTimers({ now: new Date('2026-11-24T12:00:00Z') });

const branch: BranchDocument = {
	name: 'feature-login', gitBranch: 'feature/login', createdAt: '2026-11-22T12:00:00Z', expiresAt: '2026-11-27T12:00:00Z', expired: false, phase: 'up',
	url: 'http://203.0.113.7:8080', databases: ['postgres'], ephemeral: false, perHour: 0.1248, costSoFar: 5.99,
	costLines: [{ key: 'service-airflow', perHour: 0.1165, assumption: 'Fargate, 2 vCPU and 8 GB, all day' }, { key: 'secrets', perHour: 0.0022, assumption: '4 secrets' }],
};
const longest = 'a'.repeat(36);

const prices = { date: '2024-02-01', region: 'us-east-1', sources: ['https://aws.amazon.com/fargate/pricing/', 'https://aws.amazon.com/vpc/pricing/'] };

describe('branch list', () => {
	const others: BranchDocument[] = [
		{ ...branch, name: 'pr-12', gitBranch: null, expiresAt: '2026-11-24T11:59:00Z', expired: true, phase: 'unhealthy', url: null, databases: ['postgres', 'mysql'], ephemeral: true },
		{ ...branch, name: 'stays', expiresAt: null, createdAt: '2026-11-24T11:15:00Z' },
	];

	test('a line for each, and what expired ones need', () => {
		expect(renderBranches({ assumptions: false })({ branches: [branch, ...others], prices }, style)).toMatchInlineSnapshot(`
			"name           git branch     age     left      health   cost
			feature-login  feature/login  2 d     3 d       up       $5.99
			  http://203.0.113.7:8080  postgres
			pr-12          -              2 d     expired   stopped  $5.99
			  postgres, mysql (ephemeral)
			stays          feature/login  45 min  no limit  up       $5.99
			  http://203.0.113.7:8080  postgres
			cost: list prices of us-east-1 on 2024-02-01; --verbose shows the assumptions
			expired ones are removed by airflow-deploy branch delete --expired"
		`);
	});

	test('--verbose shows what the cost is made of', () => {
		expect(renderBranches({ assumptions: true })({ branches: [branch], prices }, style)).toMatchInlineSnapshot(`
			"name           git branch     age  left  health  cost
			feature-login  feature/login  2 d  3 d   up      $5.99
			  http://203.0.113.7:8080  postgres
			  $0.1248 an hour:
			    $0.1165  Fargate, 2 vCPU and 8 GB, all day
			    $0.0022  4 secrets
			cost: list prices of us-east-1 on 2024-02-01, from
			  https://aws.amazon.com/fargate/pricing/
			  https://aws.amazon.com/vpc/pricing/"
		`);
	});

	test('80 columns, however long the names; the name stays whole', () => {
		const lines = renderBranches({ assumptions: true })({ branches: [{ ...branch, name: longest, gitBranch: 'b'.repeat(200), phase: 'unhealthy', expiresAt: null, databases: ['postgres', 'mysql'], ephemeral: true, costSoFar: 9999.99 }] }, style).split('\n');
		expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
		expect(lines[1]).toContain(longest);
	});

	test('none', () => {
		expect(renderBranches({ assumptions: false })({ branches: [] }, style)).toBe('there are no branch environments');
	});
});

test('the receipts of several', () => {
	const one: RemovalDocument = { environment: 'pr-12', deleted: [{ key: 'anchor', type: 'AirflowDeploy::Anchor', id: 'a' }], left: [], kept: [], notOurs: [], asked: { ids: 1, kinds: 8 }, cost: { perHour: 0, perMonth: 0, currency: 'USD', lines: [] }, shared: null, wallSeconds: 2, error: null };
	const failed: RemovalDocument = { ...one, environment: 'pr-13', deleted: [], error: { code: 'EnvironmentLocked', message: 'pr-13 is locked', hint: 'wait' } };
	expect(renderRemovals({ ...one, environments: [one, failed] }, style)).toMatchInlineSnapshot(`
		"pr-12: ✔ 1 deleted, 0 left, 2.0 s
		AWS was asked for 1 recorded id, and for 8 kinds of objects by tags and names
		costs now: $0.00 an hour
		pr-13: ✘ pr-13 is locked
		  wait
		all: 1 deleted, 0 left, 2.0 s, costs now $0.00 an hour"
	`);
});
