import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { settings } from '../../src/aws/clients.ts';
import { LocalEndpoint } from '../../src/local/local-endpoint.ts';
import { motoEnvironment } from '../../src/local/runtime/environments.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { packageRoot } from '../../src/package.ts';
import { type Ended, type Run, start } from './command-line.ts';
import { type Inventory, inventoryOf } from './inventory.ts';
import { standIns } from './stand-ins.ts';
import { Wire } from './wire.ts';

/** A role that somebody who deploys may assume. */
export const deployer = 'deployer';

/** An empty account, a working directory with the sample code base, and the command line between them. */
export class Stage {
	readonly wire: Wire;
	readonly directory: string;
	readonly #endpoint: LocalEndpoint;
	readonly #endpointUrl: string;
	readonly #program: string;
	/** What the account holds before anything is deployed. */
	#untouched: Inventory = new Map();
	/** More of the environment of the command line: credentials of another kind. */
	env: Readonly<Record<string, string>> = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

	private constructor(at: { wire: Wire; directory: string; endpoint: LocalEndpoint; endpointUrl: string; program: string }) {
		this.wire = at.wire;
		this.directory = at.directory;
		this.#endpoint = at.endpoint;
		this.#endpointUrl = at.endpointUrl;
		this.#program = at.program;
	}

	/** @param program the folder of a built program, with `bin/` and `dist/` */
	static async open(program = packageRoot): Promise<Stage> {
		const directory = mkdtempSync(join(tmpdir(), 'airflow-deploy-crash-'));
		const { python } = await motoEnvironment(installer(() => {}));
		const log = (line: string): void => writeFileSync(join(directory, 'endpoint.log'), `${line}\n`, { flag: 'a' });
		const endpoint = await LocalEndpoint.start({ directory: join(directory, 'endpoint'), motoPython: python, port: 0, latency: 'none', iam: false, log, standIns });
		const { url: endpointUrl } = endpoint.about() as { url: string };
		const stage = new Stage({ wire: await Wire.to(endpointUrl), directory, endpoint, endpointUrl, program });
		await stage.#furnish();
		return stage;
	}

	get work(): string {
		return join(this.directory, 'work');
	}

	get untouched(): Inventory {
		return this.#untouched;
	}

	inventory(): Promise<Inventory> {
		return inventoryOf(this.#endpointUrl);
	}

	/** A run whose calls pass the wire. @param power what `power-loss.mjs` is told */
	start(args: readonly string[], power?: object): Run {
		const place = { program: this.#program, directory: this.work, env: { AWS_ENDPOINT_URL: this.wire.url, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', NO_COLOR: '1', ...this.env, ...(power ? { POWER_LOSS: JSON.stringify(power) } : {}) } };
		return start(args, place, power ? pathToFileURL(join(import.meta.dirname, 'power-loss.mjs')).href : undefined);
	}

	/** A run in good weather. */
	run(args: readonly string[]): Promise<Ended> {
		this.wire.calm();
		return this.start(args).ended;
	}

	/** Changes all that a release can be about: a DAG, a plugin and the image. */
	change(text: string): void {
		for (const file of ['dags/tutorial_taskflow_api.py', 'plugins/hello.py', 'Dockerfile']) {
			const path = join(this.work, 'airflow', file);
			const original = join(packageRoot, 'airflow', file);
			writeFileSync(path, `${readFileSync(original, 'utf8')}\n# ${text}\n`);
		}
	}

	/** Records and locks; what is there otherwise is history. */
	filesLeft(): string[] {
		const state = join(this.work, '.airflow-deploy', 'state');
		const files = existsSync(state) ? readdirSync(state).flatMap((place) => readdirSync(join(state, place))) : [];
		return files.filter((name) => /\.(json|tmp|lock|bak)$/.test(name));
	}

	/** Begins anew after a scenario that left something. */
	async clear(): Promise<void> {
		this.wire.calm();
		await this.#endpoint.reset();
		await this.#furnish();
	}

	async close(): Promise<void> {
		this.wire.close();
		this.#endpoint.end('the test is done', 0);
		await this.#endpoint.ended;
		rmSync(this.directory, { recursive: true, force: true });
	}

	async #furnish(): Promise<void> {
		const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' }] };
		const iam = new IAMClient(settings({ region: 'us-east-1', endpoint: this.#endpointUrl, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		await iam.send(new CreateRoleCommand({ RoleName: deployer, AssumeRolePolicyDocument: JSON.stringify(trust) }));
		iam.destroy();
		this.#untouched = await this.inventory();
		rmSync(this.work, { recursive: true, force: true });
		cpSync(join(packageRoot, 'airflow'), join(this.work, 'airflow'), { recursive: true, filter: (path) => !path.includes('__pycache__') });
	}
}
