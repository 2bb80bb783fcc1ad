import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeTaskDefinitionCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { settings } from '../../src/aws/clients.ts';
import type { Workspace } from './workspace.ts';

/** Where secrets of an environment were found, and in how much was looked. */
export interface Search {
	readonly found: readonly string[];
	readonly looked: Readonly<Record<'secrets' | 'files' | 'processes' | 'definitions' | 'lines', number>>;
}

/**
 * Looks for every value in Secrets Manager in all that a run with a real Airflow leaves: records, history, deaths, reports, the
 * endpoint's log, command lines of all processes, task definitions, and the lines of all components.
 */
export async function searchSecrets(here: Workspace): Promise<Search> {
	const { document } = await here.json<Record<string, string>>(['local', 'env']);
	const connection = settings({ region: 'us-east-1', endpoint: document['AWS_ENDPOINT_URL'] ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
	const values = await secretValues(new SecretsManagerClient(connection));
	const files = await filesWritten(here);
	const definitions = await taskDefinitions(new ECSClient(connection));
	const logs = (await here.run(['logs', '--local', '--json', '--since', '2h'])).stdout.split('\n');
	const processes = await commandLines();
	const all = [...files, ...definitions.map((text) => ({ where: 'a task definition', text })), ...logs.map((text) => ({ where: 'a log line', text })), ...processes.map((text) => ({ where: 'a command line', text }))];
	return {
		found: all.flatMap(({ where, text }) => [...values].flatMap(([name, value]) => (text.includes(value) ? [`${name} in ${where}`] : []))),
		looked: { secrets: values.size, files: files.length, processes: processes.length, definitions: definitions.length, lines: logs.length },
	};
}

/** By name; members of JSON ones by themselves. */
async function secretValues(client: SecretsManagerClient): Promise<ReadonlyMap<string, string>> {
	const { SecretList = [] } = await client.send(new ListSecretsCommand({}));
	const values = await Promise.all(SecretList.map(async ({ Name = '' }) => [Name, (await client.send(new GetSecretValueCommand({ SecretId: Name }))).SecretString ?? ''] as const));
	return new Map(values.flatMap(([name, value]) => (value.startsWith('{') ? Object.entries(JSON.parse(value) as Record<string, string>).map(([part, inner]) => [`${name} ${part}`, inner] as const) : [[name, value] as const])));
}

/** Not what stands for AWS itself: the endpoint's databases, file systems and images. */
async function filesWritten(here: Workspace): Promise<{ where: string; text: string }[]> {
	const entries = await readdir(here.path('.airflow-deploy'), { recursive: true, withFileTypes: true });
	const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)).filter((path) => !path.includes('/endpoint/') || path.endsWith('/endpoint.log'));
	return Promise.all(paths.map(async (path) => ({ where: path, text: await readFile(path, 'utf8').catch(() => '') })));
}

async function taskDefinitions(ecs: ECSClient): Promise<string[]> {
	const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({}));
	return Promise.all(taskDefinitionArns.map(async (taskDefinition) => JSON.stringify(await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition })))));
}

/** Of all processes of this machine. */
export async function commandLines(): Promise<string[]> {
	const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	return Promise.all(processes.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
}
