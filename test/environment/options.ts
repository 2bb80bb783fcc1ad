import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { Options } from '../../src/environment/options.ts';
import { packageRoot } from '../../src/package.ts';

export interface TestOptions extends Options {
	/** What was said beside the steps. */
	readonly said: string[];
}

/** What a command would hand in: a directory of its own, the sample code base, and settings without their prefix. */
export async function optionsFor(aws: Aws, settings: Record<string, string> = {}, cwd: string = temporaryDirectory()): Promise<TestOptions> {
	const env = { AIRFLOW_DEPLOY_SOURCE: join(packageRoot, 'airflow'), AIRFLOW_DEPLOY_ALLOWED_CIDRS: '127.0.0.0/8', ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`AIRFLOW_DEPLOY_${name}`, value])) };
	const { config } = await loadConfig({ env, cwd });
	const said: string[] = [];
	return { config, aws, target: 'aws', cwd, env, command: 'up', signal: new AbortController().signal, observe: () => {}, warn: (line) => void said.push(line), said };
}

export function temporaryDirectory(): string {
	const directory = mkdtempSync(join(tmpdir(), 'airflow-deploy-environment-'));
	onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
	return directory;
}
