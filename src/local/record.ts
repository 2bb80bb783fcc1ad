import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type RuntimeName = 'process' | 'docker';

/** `endpoint.json`: where the endpoint of a directory answers, and which process it is. */
export interface EndpointRecord {
	readonly url: string;
	readonly pid: number;
	/** Clock ticks from boot to the start of the process: with it a pid is unique until the next boot. */
	readonly processStart: string;
	/** ISO 8601. */
	readonly startedAt: string;
	/** Of airflow-deploy. */
	readonly version: string;
	readonly account: string;
	/** What runs containers. */
	readonly runtime: RuntimeName;
	/** Directories elsewhere that go with it. */
	readonly temporary: readonly string[];
}

const path = (directory: string): string => join(directory, 'endpoint.json');

/** undefined where there is none, or none that can be read. */
export async function readRecord(directory: string): Promise<EndpointRecord | undefined> {
	return parse(await readFile(path(directory), 'utf8').catch(() => ''));
}

export async function writeRecord(directory: string, record: EndpointRecord): Promise<void> {
	const temporary = `${path(directory)}.${process.pid}.tmp`;
	await writeFile(temporary, `${JSON.stringify(record, null, '\t')}\n`, { mode: 0o600 });
	await rename(temporary, path(directory));
}

export async function forgetRecord(directory: string): Promise<void> {
	await rm(path(directory), { force: true });
}

/** Whether the directory's record names this process. */
export function ownRecord(directory: string): boolean {
	try {
		return parse(readFileSync(path(directory), 'utf8'))?.pid === process.pid;
	} catch {
		return false;
	}
}

/** Whether the very process still runs, and not another one with its id. */
export function isAlive({ pid, processStart: start }: Pick<EndpointRecord, 'pid' | 'processStart'>): boolean {
	return processStart(pid) === start;
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process, or it is dead and only not yet reaped. */
export function processStart(pid: number): string | undefined {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
		return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
	} catch {
		return undefined;
	}
}

function parse(text: string): EndpointRecord | undefined {
	try {
		const record = JSON.parse(text) as Partial<EndpointRecord>;
		return typeof record.url === 'string' && typeof record.pid === 'number' ? (record as EndpointRecord) : undefined;
	} catch {
		return undefined;
	}
}
