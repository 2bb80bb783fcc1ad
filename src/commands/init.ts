import { existsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Exit } from '../errors.ts';
import { packageRoot } from '../package.ts';
import type { CommandContext } from './context.ts';
import { defineCommand } from './define.ts';

interface InitDocument {
	readonly written: readonly string[];
	/** There before, and left as it was. */
	readonly kept: readonly string[];
	readonly next: string;
}

export const init = defineCommand({
	name: 'init',
	summary: 'write .env and a sample airflow/ folder to start from',
	async run(context) {
		const { cwd, config, ui } = context;
		const steps = [await writeDotenv(context), await copySample(cwd, config.source)];
		const target = config.target === 'local' || steps.some(({ local }) => local === true) ? '' : ' --local';
		const document: InitDocument = {
			written: steps.filter(({ written }) => written).map(({ name }) => name),
			kept: steps.filter(({ written }) => !written).map(({ name }) => name),
			next: `airflow-deploy up${target}`,
		};
		ui.result(document, renderInit);
		return Exit.ok;
	},
});

interface Step {
	readonly name: string;
	readonly written: boolean;
	readonly local?: boolean;
}

async function writeDotenv({ cwd, config, ui }: CommandContext): Promise<Step> {
	const name = '.env';
	if (existsSync(join(cwd, name))) return { name, written: false };
	const project = await ui.ask('Project: begins the name of everything that is made', config.project);
	const target = await ui.ask('Target: aws, or local for this machine', config.target);
	const cidrs = await ui.ask('Who may reach the web page, as CIDR blocks (empty: the address you run up from)', config.allowedCidrs?.join(',') ?? '');
	const [{ exampleText }, { loadConfig }] = await Promise.all([import('../config/example.ts'), import('../config/config.ts')]);
	const values = { PROJECT: project, TARGET: target, SOURCE: config.source, ...(cidrs === '' ? {} : { ALLOWED_CIDRS: cidrs }) };
	// What was answered must be a valid configuration before it is written.
	await loadConfig({ env: Object.fromEntries(Object.entries(values).map(([key, value]) => [`AIRFLOW_DEPLOY_${key}`, value])), cwd });
	await writeFile(join(cwd, name), exampleText(values), { flag: 'wx', mode: 0o600 });
	return { name, written: true, local: target === 'local' };
}

/** Not a part of the sample: what tools leave behind. */
const litter = new Set(['__pycache__', '.ruff_cache', '.pytest_cache', '.DS_Store', '.venv', 'tests']);

async function copySample(cwd: string, source: string): Promise<Step> {
	const name = `${source}/`;
	const to = join(cwd, source);
	if (existsSync(to)) return { name, written: false };
	await cp(join(packageRoot, 'airflow'), to, { recursive: true, filter: (path) => !litter.has(basename(path)) });
	return { name, written: true };
}

function renderInit({ written, kept, next }: InitDocument): string {
	return [...written.map((name) => `wrote ${name}`), ...kept.map((name) => `kept ${name}, which was there`), `next: ${next}`].join('\n');
}
