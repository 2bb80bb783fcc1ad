import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { codeOf } from './storage.ts';

/** What a lock file says about who holds it. */
export interface Holder {
	/** Tells this lock from an earlier one of the same process. */
	readonly id: string;
	readonly pid: number;
	readonly host: string;
	readonly user: string;
	readonly command: string;
	/** ISO 8601. */
	readonly since: string;
	/** The process's start (Linux: boot id and clock ticks), since process ids are used again. */
	readonly started?: string;
}

export async function holderOf(command: string): Promise<Holder> {
	const started = await startOf(process.pid);
	const who = { id: crypto.randomUUID(), pid: process.pid, host: hostname(), user: userName(), command, since: new Date().toISOString() };
	return started === undefined ? who : { ...who, started: started.id };
}

/** Whether the lock's process is known to be gone. One of another machine never is. */
export async function isDead({ pid, host, since, started }: Holder): Promise<boolean> {
	if (host !== hostname()) return false;
	if (!isRunning(pid)) return true;
	const now = await startOf(pid);
	if (now === undefined) return false;
	return started === undefined ? now.at > Date.parse(since) + 1000 : now.id !== started;
}

export function parseHolder(text: string): Holder | undefined {
	try {
		const holder = JSON.parse(text) as Holder | null;
		return typeof holder?.pid === 'number' && typeof holder.since === 'string' ? holder : undefined;
	} catch {
		return undefined;
	}
}

/** `up by ann on host since 12 s` */
export function describeHolder({ command, user, host, since }: Holder): string {
	return `${command} by ${user} on ${host} since ${ago(Date.now() - Date.parse(since))}`;
}

function ago(milliseconds: number): string {
	const seconds = Math.max(0, Math.round(milliseconds / 1000));
	if (seconds < 120) return `${seconds} s`;
	if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
	return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: it runs, as another user.
		return codeOf(error) !== 'ESRCH';
	}
}

/** When a process started; undefined where /proc does not tell. `at` is in milliseconds since the epoch. */
async function startOf(pid: number): Promise<{ id: string; at: number } | undefined> {
	try {
		const [stat, uptime, boot] = await Promise.all([`/proc/${pid}/stat`, '/proc/uptime', '/proc/sys/kernel/random/boot_id'].map((path) => readFile(path, 'utf8')));
		// Field 22 of proc(5); the second field is the program's name in brackets and may hold spaces. A tick is 1/100 s.
		const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
		// A zombie has ended, although signals still reach it.
		if (fields?.[0] === 'Z') return { id: 'ended', at: Number.POSITIVE_INFINITY };
		const ticks = fields?.[19];
		const age = Number.parseFloat(uptime ?? '') - Number(ticks) / 100;
		return ticks === undefined ? undefined : { id: `${boot?.trim()}:${ticks}`, at: Date.now() - age * 1000 };
	} catch {
		return undefined;
	}
}

/** A container may run under a uid without a name. */
function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.getuid?.() ?? 'unknown'}`;
	}
}
