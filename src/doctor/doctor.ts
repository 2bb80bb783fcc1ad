import pLimit from 'p-limit';
import type { DoctorDocument } from '../environment/documents.ts';
import { accountChecks } from './account.ts';
import { type AccountPatient, type Check, type Finding, findingOf, type Patient } from './check.ts';
import { identityChecks } from './identity.ts';
import { loginChecks } from './login.ts';
import { machineChecks } from './machine.ts';
import { nameChecks } from './names.ts';
import { permissionChecks } from './permissions.ts';
import { storageChecks } from './storage.ts';

/** Checks that ask at the same time: some services allow a few calls a second. */
const limit = 8;

/** Of the account, in the order in which they are told. */
const ofAccount: readonly Check<AccountPatient>[] = [...identityChecks, ...permissionChecks, ...accountChecks, ...nameChecks, ...loginChecks];

/**
 * Looks at everything that a deployment needs, and changes nothing; with `storage` a task writes to the file system.
 * @param reach the account, or the finding that nothing of it can be checked
 */
export async function examine(patient: Patient, reach: () => Promise<AccountPatient | Finding>, { storage }: { storage: boolean }): Promise<DoctorDocument> {
	const account = await reach().catch(findingOf);
	const machine = runAll(machineChecks, patient);
	const checks = [...ofAccount, ...(storage ? storageChecks : [])];
	const results = [...(await machine), ...('verdict' in account ? unreached(checks, account) : await runAll(checks, account))];
	return { ok: results.every(({ verdict }) => verdict !== 'failed'), checks: results };
}

/** Why the account cannot be reached is told once, in the place of the credentials. */
function unreached(checks: readonly Check<AccountPatient>[], why: Finding): DoctorDocument['checks'] {
	return checks.map(({ name }) => result(name, name === 'credentials' ? why : { verdict: 'not-checked', detail: 'the account is not reached' }));
}

async function runAll<P>(checks: readonly Check<P>[], patient: P): Promise<DoctorDocument['checks']> {
	const slots = pLimit(limit);
	const findings = await Promise.all(checks.map(({ run }) => slots(() => run(patient).catch(findingOf))));
	return checks.flatMap(({ name }, index) => (findings[index] ? [result(name, findings[index])] : []));
}

function result(name: string, finding: Finding): DoctorDocument['checks'][number] {
	return { name, verdict: finding.verdict, detail: finding.detail, fix: 'fix' in finding ? finding.fix : null, who: 'fix' in finding ? finding.who : null };
}
