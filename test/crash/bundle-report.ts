import { setTimeout as delay } from 'node:timers/promises';

/** Seconds. */
const every = 0.5;
const repeated = 1;

/** What `dag-sync` reports of a scheduler that parses at once, again and again until `signal` is aborted. */
export async function bundleReport(environment: Readonly<Record<string, string>>, endpointUrl: string, signal: AbortSignal): Promise<void> {
	const bucket = environment['AIRFLOW_DEPLOY_BUCKET'] ?? '';
	const name = environment['AIRFLOW_DEPLOY_ENVIRONMENT'] ?? '';
	let last = { bundle: '', at: 0 };
	for (; !signal.aborted; await delay(every * 1000, undefined, { signal }).catch(() => {})) {
		const bundle = await manifest(`${endpointUrl}/${bucket}/${name}/manifest.json`, signal).catch(() => undefined);
		const now = Date.now() / 1000;
		if (bundle === undefined || (bundle === last.bundle && now - last.at < repeated)) continue;
		last = { bundle, at: now };
		const status = { format: 1, environment: name, bundle: { applied: bundle, parsed: bundle }, dags: 2, importErrors: [], noDags: [], heartbeatAgeSeconds: 1, time: now };
		await fetch(`${endpointUrl}/${bucket}/status/${name}.json`, { method: 'PUT', headers, body: JSON.stringify(status), signal }).catch(() => {});
	}
}

const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=local/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0', 'content-type': 'application/json' };

async function manifest(url: string, signal: AbortSignal): Promise<string | undefined> {
	const answer = await fetch(url, { headers, signal });
	const text = await answer.text();
	return answer.ok ? (JSON.parse(text) as { bundle: string }).bundle : undefined;
}
