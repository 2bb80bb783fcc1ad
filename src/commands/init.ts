import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import { differingFiles, sampleFiles, sampleFolder } from '../environment/source-folder.ts';
import { Exit } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { defineCommand } from './define.ts';

interface InitDocument {
	readonly written: readonly string[];
	/** There before, and left as it was. */
	readonly kept: readonly string[];
	/** Programs of the image that were of another version. */
	readonly replaced: readonly string[];
	readonly next: string;
}

export const init = defineCommand({
	name: 'init',
	summary: 'write .env and the airflow/ folder, or what yours lacks',
	async run(context) {
		const { cwd, config, ui } = context;
		const dotenv = await writeDotenv(context);
		const source = await writeSource(cwd, config.source);
		const target = config.target === 'local' || dotenv.local === true ? '' : ' --local';
		const document: InitDocument = {
			written: [...(dotenv.written ? [dotenv.name] : []), ...source.written],
			kept: [...(dotenv.written ? [] : [dotenv.name]), ...source.kept],
			replaced: source.replaced,
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

/** Of the sample: examples, which a folder with DAGs of its own does not need. */
const examples = /^(dags|plugins|ruff\.toml)(\/|$)/;
/** Where programs lie that this version's have replaced, a folder for each time: somebody may have changed them. */
const replacedFolder = '.airflow-deploy/replaced';

/** The sample; in a folder that is there what it lacks, and the programs of the image as this version has them. */
async function writeSource(cwd: string, source: string): Promise<Pick<InitDocument, 'written' | 'kept' | 'replaced'>> {
	const to = resolve(cwd, source);
	const aside = join(cwd, replacedFolder, new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''));
	const isNew = !existsSync(to);
	const files = sampleFiles().filter((path) => isNew || !examples.test(path));
	const missing = files.filter((path) => !existsSync(join(to, path)));
	const outdated = differingFiles(to, sampleFiles('image'));
	for (const path of outdated) await copy(join(to, path), join(aside, path));
	for (const path of [...missing, ...outdated]) await copy(join(sampleFolder, path), join(to, path));
	const named = (path: string): string => posix.join(source, path);
	return {
		written: isNew ? [named('/')] : [...new Set(missing.map((path) => named(topOf(path))))],
		kept: isNew ? [] : [named('/')],
		replaced: outdated.map(named),
	};
}

/** `image/…` for all that lies in `image/`. */
function topOf(path: string): string {
	return path.includes('/') ? `${path.slice(0, path.indexOf('/'))}/` : path;
}

async function copy(from: string, to: string): Promise<void> {
	await mkdir(dirname(to), { recursive: true });
	await copyFile(from, to);
}

function renderInit({ written, kept, replaced, next }: InitDocument): string {
	return [
		...written.map((name) => `wrote ${name}`),
		...kept.map((name) => `kept ${name}, which was there`),
		...replaced.map((name) => `updated ${name}`),
		...(replaced.length === 0 ? [] : [`what was updated lies in ${replacedFolder}/ as it was`]),
		`next: ${next}`,
	].join('\n');
}
