import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settings } from '../../src/aws/clients.ts';
import { LocalEndpoint } from '../../src/local/local-endpoint.ts';
import { motoEnvironment } from '../../src/local/runtime/environments.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { packageRoot } from '../../src/package.ts';
import { type Options, type Ran, run } from '../cli/run.ts';
import { standIns } from '../crash/stand-ins.ts';
import { checkRequests, recordRequests } from '../requests.ts';

/** An account whose tasks and databases are stand-ins, and working directories with the sample code base before it. */
export interface StubEndpoint {
	readonly url: string;
	/** Below it are the working directories, each with all that is written there. */
	readonly directory: string;
	/** What points any command at it. */
	readonly env: Readonly<Record<string, string>>;
	client<C>(type: new (config: never) => C, region?: string): C;
	/** A new working directory: another laptop. */
	laptop(name: string): Promise<string>;
	run(cwd: string, args: readonly string[], options?: Options): Promise<Ran>;
	/** Runs with --json and --yes, and expects one document; `T` is what it is taken for. */
	// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the document is
	json<T>(cwd: string, args: readonly string[], options?: Options): Promise<Ran & { document: T }>;
	/** What the endpoint said of itself. */
	log(): string;
	close(): Promise<void>;
}

/** @param registry whether images are built and pushed */
export async function startStubEndpoint({ registry = false } = {}): Promise<StubEndpoint> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-stub-'));
	recordRequests(directory);
	const { python } = await motoEnvironment(installer(() => {}));
	const log: string[] = [];
	const endpoint = await LocalEndpoint.start({ directory: join(directory, 'endpoint'), motoPython: python, port: 0, latency: 'none', iam: false, registry, log: (line) => log.push(line), standIns });
	const { url } = endpoint.about() as { url: string };
	const env = { AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
	const runIn = (cwd: string, args: readonly string[], options: Options = {}): Promise<Ran> => run(args, { ...options, cwd, env: { ...env, ...options.env } });
	return {
		url,
		directory,
		env,
		client: (type, region = 'us-east-1') => new type(settings({ region, endpoint: url, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }) as never),
		async laptop(name) {
			await cp(join(packageRoot, 'airflow'), join(directory, name, 'airflow'), { recursive: true });
			return join(directory, name);
		},
		run: runIn,
		// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as declared above
		async json<T>(cwd: string, args: readonly string[], options: Options = {}) {
			const ran = await runIn(cwd, [...args, '--json', '--yes'], options);
			return { ...ran, document: JSON.parse(ran.stdout) as T };
		},
		log: () => log.join('\n'),
		async close() {
			endpoint.end('the test is done', 0);
			await endpoint.ended;
			try {
				checkRequests(directory);
			} finally {
				await rm(directory, { recursive: true, force: true });
			}
		},
	};
}
