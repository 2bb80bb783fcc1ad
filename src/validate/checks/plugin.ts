import { type Check, CheckFailed } from '../check.ts';
import { readable, readLines } from '../log-lines.ts';
import { pageOf } from '../page-of.ts';
import type { Deployed } from '../session.ts';

const file = 'plugins/hello.py';
const greeting = 'Hello, world';

export const plugin: Check = {
	name: 'plugin',
	proves: `the sample plugin's page greets with "${greeting}"`,
	needs: ['login'],
	async run(session) {
		const { aws, manifest, flags } = session.deployed;
		if (aws !== undefined && manifest?.files[file] === undefined) return { detail: `not checked: the bundle has no ${file}`, leftOut: true };
		const { status, text } = await pageOf(session).visit('/hello');
		if (status === 200 && text.includes(greeting)) return { detail: `/hello says "${greeting}"` };
		if (aws === undefined && status === 404) return { detail: `not checked: this Airflow has no ${file}`, leftOut: true };
		const hint = `correct ${file}, then airflow-deploy deploy${flags}`;
		if (status === 200) throw new CheckFailed(`/hello does not say "${greeting}" but "${text.trim().slice(0, 60)}"`, { hint });
		const lines = await loadErrors(session.deployed);
		throw new CheckFailed(`/hello answered ${status}: the webserver has not loaded ${file}${lines.length === 0 ? '' : `: ${lines.at(-1)?.trim() ?? ''}`}`, { hint, lines });
	},
};

/** What the webserver said when it tried: airflow/plugins_manager.py, "Failed to import plugin". */
async function loadErrors(deployed: Deployed): Promise<string[]> {
	const lines = await readLines(deployed, 'webserver', { since: Date.now() - 24 * 3600_000, containing: 'Failed to import plugin' });
	return readable(lines.slice(-1)).slice(-20);
}
