import { UserError } from '../errors.ts';
import { type Entries, type StateView, statuses } from './entry.ts';
import { codeOf, disk, type Storage } from './storage.ts';

/** The file's format. A newer one is refused; older ones would be brought up to date here. */
export const FORMAT = 1;

/**
 * The record as it is on disk, without a lock; undefined where there is none.
 * @param header of this run: its `tool` is named where the file's format is newer
 * @throws UserError `StateUnreadable`, `StateTooNew`
 */
export async function readState(path: string, header: Readonly<Record<string, string>> = {}, storage: Storage = disk): Promise<StateView | undefined> {
	const text = await readText(path, storage);
	if (text === undefined) return undefined;
	const { format, resources, ...rest } = parse(path, text);
	const found = Object.fromEntries(Object.entries(rest).filter((member): member is [string, string] => typeof member[1] === 'string'));
	if (typeof format === 'number' && format > FORMAT) throw tooNew(path, format, found['tool'], header['tool']);
	if (format !== FORMAT || !isEntries(resources)) throw unreadable(path, 'it is JSON, but not a state');
	return { header: found, entries: resources };
}

/** @throws UserError `StateMismatch` where the file belongs to another account, region, project or environment */
export function assertSame(path: string, found: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): void {
	for (const [name, value] of Object.entries(wanted)) {
		const recorded = found[name] ?? 'none';
		if (name === 'tool' || recorded === value) continue;
		const hint = remedies[name]?.(recorded) ?? 'airflow-deploy state list';
		throw new UserError('StateMismatch', `${path} is of another ${name}: it records ${recorded}, this run uses ${value}`, { hint });
	}
}

const remedies: Readonly<Record<string, (recorded: string) => string>> = {
	account: (account) => `aws sts get-caller-identity   # use credentials of account ${account}, or another working directory`,
	region: (region) => `airflow-deploy status --region ${region}`,
	project: (project) => `AIRFLOW_DEPLOY_PROJECT=${project} airflow-deploy status`,
	environment: (environment) => `airflow-deploy status --env ${environment}`,
};

async function readText(path: string, storage: Storage): Promise<string | undefined> {
	try {
		return await storage.readFile(path, 'utf8');
	} catch (error) {
		const code = codeOf(error);
		if (code === 'ENOENT') return undefined;
		throw code === undefined ? error : unreadable(path, code, error);
	}
}

function parse(path: string, text: string): Record<string, unknown> {
	try {
		const data: unknown = JSON.parse(text);
		if (isObject(data)) return data;
	} catch (error) {
		throw unreadable(path, `it is not complete JSON (${error instanceof Error ? error.message : String(error)})`, error);
	}
	throw unreadable(path, 'it is JSON, but not a state');
}

function isEntries(value: unknown): value is Entries {
	return isObject(value) && Object.values(value).every(isEntry);
}

function isEntry(value: unknown): boolean {
	if (!isObject(value)) return false;
	const { type, status, inputs, outputs, dependsOn, token } = value;
	const named = [type, status, token].every((item) => typeof item === 'string');
	return named && statuses.includes(String(status)) && isObject(inputs) && (outputs === undefined || isObject(outputs)) && Array.isArray(dependsOn);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(path: string, why: string, cause?: unknown): UserError {
	return new UserError('StateUnreadable', `the state ${path} cannot be read: ${why}; it was left as it is`, {
		hint: `airflow-deploy state recover   # rebuilds it from what AWS shows`,
		cause,
	});
}

function tooNew(path: string, format: number, theirs = 'of a newer version', ours = 'this one'): UserError {
	return new UserError('StateTooNew', `the state ${path} has format ${format}, written by airflow-deploy ${theirs}: ${ours} reads up to format ${FORMAT}`, {
		hint: 'npm install airflow-deploy@latest',
	});
}
