import { expect, test } from 'vitest';
import { runChecks } from '../../src/validate/checks/plan.ts';
import { deployedAt, sessionOf } from './sample.ts';

/** The DAGs that would be run where these files are deployed and these containers run. */
function chosen(files: readonly string[], containers: readonly string[], wishes: { dags?: readonly string[]; all?: boolean } = {}): string[] {
	const deployed = deployedAt('http://127.0.0.1:1');
	const [service] = deployed.status.services;
	if (service === undefined || deployed.manifest === undefined) throw new Error('the sample has neither');
	const session = sessionOf({
		...deployed,
		status: { ...deployed.status, services: [{ ...service, containers: [...containers] }] },
		manifest: { ...deployed.manifest, files: Object.fromEntries(files.map((file) => [`dags/${file}.py`, { sha256: '', size: 0 }])) },
	}, { dags: ['mine', 'other'] });
	const asked = { ...session, wishes: { ...session.wishes, ...wishes } };
	return runChecks(asked).flatMap(({ name }) => /^trigger:(.*)$/.exec(name)?.[1] ?? []);
}

const all = ['tutorial', 'tutorial_taskflow_api', 'mysql_branch'];

test('the sample DAGs that are deployed are run; that of MySQL only where it has one', () => {
	expect(chosen(all, ['webserver', 'scheduler'])).toEqual(['tutorial', 'tutorial_taskflow_api']);
	expect(chosen(all, ['postgres', 'mysql', 'webserver'])).toEqual(all);
	expect(chosen(['tutorial'], ['mysql'])).toEqual(['tutorial']);
	expect(chosen(['mine'], ['webserver'])).toEqual([]);
});

test('what was asked for is run, whatever it needs', () => {
	expect(chosen(all, ['webserver'], { dags: ['mysql_branch', 'mysql_branch'] })).toEqual(['mysql_branch']);
	expect(chosen(all, ['webserver'], { all: true })).toEqual(['mine', 'other']);
});
