import type { Answer } from './airflow-api.ts';

/** Seconds after which a page counts as one that does not answer. */
const patience = 20;

/** A request without a browser; redirects are not followed. @throws what fetch throws */
export async function httpRequest(url: string, options: { method?: string; headers?: Record<string, string>; body?: string | URLSearchParams; seconds?: number } = {}): Promise<Answer & { headers: Headers }> {
	const { seconds = patience, ...init } = options;
	const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(seconds * 1000) });
	return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
