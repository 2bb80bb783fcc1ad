import { request } from 'node:http';

/** How a target group checks its targets (Elastic Load Balancing, "Health checks for your target groups"). */
export interface HealthCheck {
	readonly path: string;
	/** undefined: the port that gets the traffic. */
	readonly port: number | undefined;
	/** Codes that pass, e.g. `200`, `200,204`, `200-299`. */
	readonly matcher: string;
	readonly intervalSeconds: number;
	readonly timeoutSeconds: number;
	readonly healthyThreshold: number;
	readonly unhealthyThreshold: number;
}

/** Why a target is in its state, as DescribeTargetHealth words it. */
export interface Reason {
	readonly code: string;
	readonly text: string;
}

/** One look at a target. @returns undefined where it passes */
export function probe({ host, port }: { host: string; port: number }, { path, matcher, timeoutSeconds, ...check }: HealthCheck): Promise<Reason | undefined> {
	return new Promise((resolve) => {
		const timedOut = AbortSignal.timeout(timeoutSeconds * 1000);
		const asked = request({ host, port: check.port ?? port, path, agent: false, signal: timedOut, headers: { 'user-agent': 'ELB-HealthChecker/2.0' } }, (answer) => {
			answer.resume();
			const { statusCode = 0 } = answer;
			resolve(matches(matcher, statusCode) ? undefined : { code: 'Target.ResponseCodeMismatch', text: `Health checks failed with these codes: [${statusCode}]` });
		});
		asked.on('error', () => resolve(timedOut.aborted ? { code: 'Target.Timeout', text: 'Request timed out' } : { code: 'Target.FailedHealthChecks', text: 'Health checks failed' }));
		asked.end();
	});
}

function matches(matcher: string, code: number): boolean {
	return matcher.split(',').some((part) => {
		const [first = '', last = first] = part.split('-');
		return code >= Number(first) && code <= Number(last);
	});
}
