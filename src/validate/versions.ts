import { version } from '../package.ts';
import type { Session } from './session.ts';

/** What was running, by name: for the report. */
export async function versionsOf({ page, deployed }: Session): Promise<Record<string, string>> {
	const { status, manifest } = deployed;
	const airflow = await page?.api.version().catch(() => undefined);
	const services = Object.fromEntries(status.services.map(({ name, taskDefinition }) => [`service ${name}`, taskDefinition]));
	return {
		'airflow-deploy': version,
		...(airflow === undefined ? {} : { Airflow: airflow }),
		browser: page?.agent ?? 'none: the web page could not be reached',
		'Node.js': process.versions.node,
		...(manifest === undefined ? {} : { bundle: `${manifest.bundle} (${Object.keys(manifest.files).length} files)` }),
		...services,
	};
}
