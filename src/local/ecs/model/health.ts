import type { HealthCheck } from '../shapes.ts';
import type { Health } from './containers.ts';

/** Seconds; the defaults of the ECS API. */
export interface HealthSettings {
	readonly command: readonly string[];
	readonly interval: number;
	readonly timeout: number;
	readonly retries: number;
	/** 0: off. */
	readonly startPeriod: number;
}

export interface HealthState {
	readonly status: Health;
	/** Failures in a row that count. */
	readonly failures: number;
}

export const firstHealth: HealthState = { status: 'UNKNOWN', failures: 0 };

export function healthSettings(check: HealthCheck): HealthSettings {
	const { command, interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = check;
	return { command: execForm(command), interval, timeout, retries, startPeriod };
}

/**
 * The state after one run of the check. Within the start period a failure does not count and a success ends the period:
 * HEALTHY at once; afterwards `retries` failures in a row make UNHEALTHY, one success HEALTHY.
 * @param secondsSinceStart of the container, when the check was run
 */
export function afterCheck(state: HealthState, settings: HealthSettings, passed: boolean, secondsSinceStart: number): HealthState {
	if (passed) return { status: 'HEALTHY', failures: 0 };
	if (state.status === 'UNKNOWN' && secondsSinceStart < settings.startPeriod) return state;
	const failures = state.failures + 1;
	return { status: failures >= settings.retries ? 'UNHEALTHY' : state.status, failures };
}

/** `CMD-SHELL` runs in the container's shell, `CMD` as it is. */
function execForm(command: readonly string[]): string[] {
	const [kind, ...rest] = command;
	if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', rest.join(' ')];
	return kind === 'CMD' ? rest : [...command];
}
