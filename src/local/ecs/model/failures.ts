import type { DeploymentConfiguration } from '../shapes.ts';

/** A task without a health check counts as healthy after running for this long (API reference, minimumHealthyPercent). */
export const healthyAfterSeconds = 40;

/**
 * How many failed tasks trip the circuit breaker: half the desired count, rounded up, between 3 and 200;
 * COUNT and UNBOUNDED_PERCENT are taken as they are.
 */
export function breakerThreshold(breaker: DeploymentConfiguration['deploymentCircuitBreaker'], desired: number): number {
	const { type = 'BOUNDED_PERCENT', value = 50 } = breaker?.thresholdConfiguration ?? {};
	if (type === 'COUNT') return Math.max(1, value);
	const share = Math.ceil((desired * value) / 100);
	return type === 'BOUNDED_PERCENT' ? Math.min(200, Math.max(3, share)) : Math.max(1, share);
}

/**
 * How long the next start waits after so many failures in a row, in ms. AWS waits up to 15 minutes and starts a task
 * in about a minute; here three failures, enough for the circuit breaker, cost no wait.
 */
export function startDelay(failuresInARow: number): number {
	return failuresInARow < 3 ? 0 : Math.min(900, 10 * 2 ** (failuresInARow - 3)) * 1000;
}
