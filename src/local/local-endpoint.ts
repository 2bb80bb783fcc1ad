import { mkdir, rm, symlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { version } from '../package.ts';
import { accountAccess } from './access/account-access.ts';
import { Callers } from './access/callers.ts';
import type { Account } from './account.ts';
import { Balancers } from './balancer/balancers.ts';
import { Certificates } from './certificates.ts';
import { Databases, postgresServers, type ServeDatabase } from './databases.ts';
import { type DockerPlace, dockerPlace, endDocker } from './docker/docker-place.ts';
import { DockerRuntime, type DockerRuntimeOptions } from './docker/docker-runtime.ts';
import { removeEngineLeftovers } from './docker/leftovers.ts';
import { createEcs } from './ecs/ecs.ts';
import type { Clock, Ecs } from './ecs/dependencies.ts';
import type { TaskRuntime } from './ecs/runtime.ts';
import { ecsDependencies } from './ecs-dependencies.ts';
import { ecsSchedules } from './ecs-schedules.ts';
import { ExecutionRoles } from './execution-roles.ts';
import { Faults } from './faults.ts';
import { FileSystemDirectories } from './file-systems.ts';
import { type Control, listen, listenInside } from './front/front.ts';
import { Gate, type Guard } from './front/gate.ts';
import { RequestRecord } from './front/request-record.ts';
import { Services } from './front/services.ts';
import { HostedZones } from './hosted-zones.ts';
import { Interfaces } from './interfaces.ts';
import { Lag, type Latency } from './lag.ts';
import { lawsOf } from './laws/laws.ts';
import { LiveTails } from './live-tail/live-tails.ts';
import { installedModels } from './models/installed.ts';
import { account, Moto } from './moto.ts';
import { type EndpointRecord, type RuntimeName, forgetRecord, ownRecord, processStart, readRecord, writeRecord } from './record.ts';
import { ImageBooks } from './registry/books.ts';
import { Registry } from './registry/registry.ts';
import { type Installer, installer } from './runtime/installer.ts';
import { postgresHome, postgresProgram, type PostgresProgram } from './runtime/postgres-program.ts';
import { ProcessRuntime, removeTasks } from './runtime/process-runtime.ts';
import { ServiceLinkedRoles } from './service-linked-roles.ts';

export interface EndpointOptions {
	/** Everything the endpoint writes lies below, but what `nobody` must reach. */
	readonly directory: string;
	/** Of the environment that holds moto. */
	readonly motoPython: string;
	/** 0: a free one. */
	readonly port: number;
	/** How much of AWS's time it takes. */
	readonly latency: Latency;
	/** Whether callers may do only what their policies allow. */
	readonly iam: boolean;
	/** What runs tasks; absent: processes. */
	readonly runtime?: RuntimeName;
	/** Whether ECR has a real registry also where no engine runs tasks. */
	readonly registry?: boolean;
	readonly log: (line: string) => void;
	/** Of tests that are about the API only. No command and no flag asks for it. */
	readonly standIns?: StandIns;
}

/** In place of what takes its time: the programs in tasks and databases, and the wait for health checks. */
export interface StandIns {
	runtime(endpointUrl: string): TaskRuntime;
	readonly serve: ServeDatabase;
	/** Of the local ECS. */
	readonly clock: Clock;
}

/** How often the endpoint looks whether it is still the one of its directory. */
const lookSeconds = 2;

/** AWS endpoints on this machine, and everything that runs behind them. */
export class LocalEndpoint {
	/** The exit code. */
	readonly ended: Promise<number>;
	readonly gate: Gate;
	readonly #options: EndpointOptions;
	readonly #installer: Installer;
	readonly #home: string;
	readonly #moto: Moto;
	readonly #registry: Registry | undefined;
	readonly #servers: readonly Server[];
	readonly #docker: DockerPlace | undefined;
	readonly #url: string;
	readonly #ecs: Ecs;
	readonly #faults = new Faults();
	#account: Account;
	#services: Services;
	#ready: Promise<unknown> = Promise.resolve();
	#program: Promise<PostgresProgram> | undefined;
	#ending = false;
	#settle: (exitCode: number) => void = () => {};

	private constructor(options: EndpointOptions, { home, moto, registry, gate, servers, url, docker }: { home: string; moto: Moto; registry: Registry | undefined; gate: Gate; servers: readonly Server[]; url: string; docker: DockerPlace | undefined }) {
		this.#options = options;
		this.gate = gate;
		this.#home = home;
		this.#moto = moto;
		this.#registry = registry;
		this.#servers = servers;
		this.#docker = docker;
		this.#url = url;
		this.ended = new Promise((resolve) => (this.#settle = resolve));
		this.#installer = installer(options.log);
		this.#account = this.#newAccount();
		this.#services = new Services(moto, lawsOf(this.#account));
		const { standIns } = options;
		const runs = standIns ? { runtime: standIns.runtime(url), clock: standIns.clock } : { runtime: this.#runtime() };
		this.#ecs = createEcs({ ...ecsDependencies(() => this.#account, options.log), ...runs, faults: this.#faults });
	}

	/** Resolves once it answers and `endpoint.json` says where. */
	static async start(options: EndpointOptions): Promise<LocalEndpoint> {
		const { directory, log } = options;
		// What `nobody` has to reach as well is made without modes of its own.
		process.umask(0o022);
		await removeLeftovers(directory);
		await mkdir(directory, { recursive: true });
		let endpoint: LocalEndpoint | undefined;
		let settle: (started: unknown) => void = () => {};
		const ready = new Promise((resolve) => (settle = resolve));
		const moto = Moto.start(options.motoPython, directory, (line) => log(`moto: ${line}`));
		moto.catch(() => {});
		const models = installedModels(options.motoPython);
		models.catch(() => {});
		const control: Control = {
			ready,
			log,
			about: () => endpoint?.about() ?? {},
			reset: async () => endpoint?.reset(),
			ask: (faults) => started(endpoint).ask(faults),
			refusal: (call) => endpoint?.refusal(call),
			gate: () => started(endpoint).gate,
			backends: () => started(endpoint).backends(),
			registry: () => started(endpoint).registry(),
		};
		const { server, url } = await listen(options.port, control);
		const home = await postgresHome(directory);
		const docker = options.runtime === 'docker' ? await dockerPlace({ directory, files: filesBelow(directory, home), python: options.motoPython }) : undefined;
		const servers = docker ? [server, await listenInside(docker.network.agentSocket, control)] : [server];
		const gate = new Gate({ models: await models, record: new RequestRecord(directory), guard: () => started(endpoint).guard(), log });
		const registry = docker || options.registry ? await Registry.start(installer(log), { url, account, books: new ImageBooks(await moto, account) }, { python: options.motoPython, directory, log }) : undefined;
		endpoint = new LocalEndpoint(options, { moto: await moto, registry, gate, home, servers, url, docker });
		settle(endpoint);
		await endpoint.#begin();
		return endpoint;
	}

	guard(): Guard {
		return this.#account;
	}

	registry(): Registry | undefined {
		return this.#registry;
	}

	about(): object {
		const { runtime, startedAt } = this.#record();
		return { url: this.#url, pid: process.pid, version, account, runtime, startedAt, memoryMegabytes: Math.round(process.memoryUsage.rss() / 1_048_576) };
	}

	async backends(): Promise<{ services: Services; ecs: Ecs; firstUse(operation: string): Promise<void> }> {
		await this.#ready;
		return {
			services: this.#services,
			ecs: this.#ecs,
			firstUse: async (operation) => {
				if (operation === 'CreateCluster') await this.#account.roles.ensure('ecs.amazonaws.com');
			},
		};
	}

	/** What goes wrong from now on, instead of what was asked for before. @throws AwsError where that is no list of faults */
	ask(faults: unknown): void {
		this.#faults.ask(faults);
		this.#ecs.faultsChanged();
	}

	refusal(call: Parameters<Faults['refusal']>[0]): ReturnType<Faults['refusal']> {
		return this.#faults.refusal(call);
	}

	/** Empties the account: what runs is ended, what was stored is gone. Calls that come meanwhile wait. */
	reset(): Promise<void> {
		const done = this.#empty();
		this.#ready = done.catch(() => {});
		return done;
	}

	/** Ends everything that runs and removes what it wrote, but its log. */
	end(why: string, exitCode: number): void {
		if (this.#ending) return;
		this.#ending = true;
		this.#options.log(`the local endpoint ends: ${why}`);
		void this.#endAll()
			.catch((error: unknown) => this.#options.log(`while ending: ${String(error)}`))
			.finally(() => this.#settle(exitCode));
	}

	async #begin(): Promise<void> {
		const { log, directory } = this.#options;
		void this.#moto.exited.then((code) => this.end(`moto, which keeps the books of the emulated AWS, ended with exit code ${code}; what it held is lost. Start anew: airflow-deploy local start`, 1));
		await writeRecord(directory, this.#record());
		for (const name of this.#temporary().length > 0 ? tasksData : []) await symlink(join(this.#home, name), join(directory, name));
		log(`version ${version} answers at ${this.#url}`);
		setInterval(() => {
			// The directory was removed, or another endpoint took it over: nobody can find this one any more.
			if (!ownRecord(directory)) this.end(`${join(directory, 'endpoint.json')} is not its own any more`, 0);
		}, lookSeconds * 1000).unref();
	}

	#record(): EndpointRecord {
		return { url: this.#url, pid: process.pid, processStart: processStart(process.pid) ?? '', startedAt: startedAt.toISOString(), version, account, runtime: this.#options.runtime ?? 'process', temporary: [...this.#temporary(), ...(this.#docker ? [this.#docker.network.directory] : [])] };
	}

	/** What lies outside of the endpoint's directory. */
	#temporary(): string[] {
		return this.#home.startsWith(this.#options.directory) ? [] : [this.#home];
	}

	/** For what tasks write: PostgreSQL in a task runs as `nobody` where we are root. */
	#place(): string {
		return this.#temporary()[0] ?? this.#options.directory;
	}

	#newAccount(): Account {
		const { motoPython: python, latency, iam, log, standIns } = this.#options;
		const moto = this.#moto;
		const interfaces = new Interfaces(moto);
		const zones = new HostedZones(moto);
		const balancers = new Balancers(({ region, vpcId }, { id, port }) => {
			const host = interfaces.listenerAt(region, vpcId, id);
			return host === undefined ? undefined : { host, port };
		});
		const certificates = new Certificates({ moto, zones, balancers });
		const lag = new Lag(latency);
		const serve = standIns?.serve ?? postgresServers({ python, log, program: () => this.#postgres() });
		const network = this.#docker?.network;
		const databases = new Databases({ home: this.#home, serve, log, lag, publish: network && ((host, port) => network.publish(host, port)) });
		const callers = new Callers(moto, account);
		const access = iam ? accountAccess({ account, moto, callers, ecs: () => this.#ecs, note: (caller, decision) => this.gate.noteRole(caller, decision) }) : undefined;
		const execution = new ExecutionRoles({ account, moto, lag });
		const schedules = ecsSchedules({ account, moto, execution, ecs: () => this.#ecs, log });
		return { id: account, url: this.#url, moto, databases, interfaces, balancers, certificates, zones, files: new FileSystemDirectories(filesBelow(this.#options.directory, this.#home), moto, network), roles: new ServiceLinkedRoles(moto), lag, callers, access, registry: this.#registry, schedules, execution, tails: new LiveTails(account) };
	}

	#runtime(): TaskRuntime {
		const { motoPython: python } = this.#options;
		const efsDirectory: DockerRuntimeOptions['efsDirectory'] = (efs) => this.#account.files.directoryOf(efs);
		if (this.#docker) return new DockerRuntime({ ...this.#docker, efsDirectory, registry: this.#registry });
		return new ProcessRuntime({
			directory: this.#place(),
			python,
			endpointUrl: this.#url,
			installer: this.#installer,
			postgres: () => this.#postgres(),
			efsDirectory,
			request: (service, region, { body, ...request }) => this.#moto.send({ ...request, service, region, operation: '', accessKey: 'local', body: body === undefined ? undefined : Buffer.from(body) }),
		});
	}

	async #empty(): Promise<void> {
		this.#faults.ask([]);
		this.#account.schedules.stop();
		await this.#ecs.reset();
		await Promise.all([this.#account.databases.stopAll(), this.#account.balancers.stopAll()]);
		await this.#account.files.remove();
		this.#account.tails.endAll();
		await this.#moto.reset();
		this.#account = this.#newAccount();
		this.#services = new Services(this.#moto, lawsOf(this.#account));
	}

	async #endAll(): Promise<void> {
		for (const server of this.#servers) server.close();
		this.#account.schedules.stop();
		await Promise.all([this.#ecs.stopAll(), this.#account.databases.stopAll(), this.#account.balancers.stopAll(), this.#registry?.stop()]);
		this.#moto.end();
		if (this.#docker) await endDocker(this.#docker, this.#account);
		await this.#moto.exited;
		const { directory } = this.#options;
		// Where another endpoint took the directory over, everything below it is that one's.
		if (!ownRecord(directory)) return removeAll(this.#temporary());
		await removeData(directory, [this.#home]);
		await forgetRecord(directory);
	}

	/** The binaries, made ready once; a failure (no space left) is no reason not to try again. */
	#postgres(): Promise<PostgresProgram> {
		this.#program ??= postgresProgram(this.#installer, this.#home).catch((error: unknown) => {
			this.#program = undefined;
			throw error;
		});
		return this.#program;
	}
}

const startedAt = new Date();

/** In the endpoint's directory: directories, or, as root, links to where `nobody` reaches them. */
const tasksData = ['efs', 'tasks'];

/** Where EFS has its directories: as root, where `nobody`, who runs PostgreSQL, reaches them. */
const filesBelow = (directory: string, home: string): string => join(home.startsWith(directory) ? directory : home, 'efs');

function started(endpoint: LocalEndpoint | undefined): LocalEndpoint {
	if (!endpoint) throw new Error('the endpoint has not started');
	return endpoint;
}

/** What a killed endpoint of the same directory left: its programs have ended by themselves. */
async function removeLeftovers(directory: string): Promise<void> {
	const record = await readRecord(directory);
	if (record?.runtime === 'docker') await removeEngineLeftovers(directory, record.url);
	await removeData(directory, record?.temporary ?? []);
	await forgetRecord(directory);
}

async function removeData(directory: string, temporary: readonly string[]): Promise<void> {
	// First: it finds the temporary files of tasks by links among the others.
	await removeTasks(directory);
	await removeAll([...['efs', 'postgres'].map((name) => join(directory, name)), ...temporary]);
}

async function removeAll(paths: readonly string[]): Promise<void> {
	await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true, maxRetries: 5 })));
}
