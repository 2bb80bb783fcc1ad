import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Published } from '../databases.ts';
import type { DirectoryMaker, DirectoryOwner } from '../file-systems.ts';
import type { Engine } from './engine.ts';
import { type HostPython, hostPython } from './host-python.ts';
import { Insider, type InsiderCommand } from './insider.ts';
import { type Labels, labelsOf, removeLabelled } from './labels.ts';
import { type Bridge, createBridge } from './network.ts';

export interface EndpointNetworkOptions {
	readonly engine: Engine;
	/** Of the endpoint: with it, what a killed one left is known. */
	readonly directory: string;
	/** Where EFS's directories are: they have owners that only root can give. */
	readonly files: string;
	readonly python: string;
}

/** The address of ECS's agent in every task, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html */
const agentAddress = '169.254.170.2';

/**
 * What tasks of one endpoint share in the engine: a network, and on it `agent`, a container at the address where AWS has
 * metadata and credentials. It passes connections on to the endpoint through a Unix socket, so that no firewall of this
 * machine has a say and nobody else on the network gets in.
 */
export class EndpointNetwork implements DirectoryMaker {
	readonly agentUrl = `http://${agentAddress}`;
	readonly engine: Engine;
	readonly labels: Labels;
	/** Of Unix sockets. */
	readonly directory: string;
	readonly #name: string;
	readonly #python: HostPython;
	readonly #bridge: Bridge;
	readonly #agent: Insider;
	#published = 0;

	private constructor(made: { engine: Engine; name: string; labels: Labels; directory: string; python: HostPython; bridge: Bridge; agent: Insider }) {
		this.engine = made.engine;
		this.#name = made.name;
		this.labels = made.labels;
		this.directory = made.directory;
		this.#python = made.python;
		this.#bridge = made.bridge;
		this.#agent = made.agent;
	}

	/** Removes what a killed endpoint of the same directory left, and begins anew. @throws EngineError */
	static async create({ engine, directory: of, files, python: any }: EndpointNetworkOptions): Promise<EndpointNetwork> {
		const { endpoint, run: labels, id } = labelsOf(of);
		const name = `airflow-deploy-${id}`;
		await Promise.all([removeLabelled(engine, endpoint), mkdir(files, { recursive: true })]);
		const [directory, python, bridge] = await Promise.all([mkdtemp(join(tmpdir(), 'airflow-deploy-')), hostPython(any), createBridge(engine, name, labels)]);
		const commands: InsiderCommand[] = [['address', agentAddress, 16], ['relay', agentAddress, 80]];
		const agent = await Insider.start(engine, {
			name: `${name}-agent`,
			labels,
			python,
			network: bridge.name,
			address: bridge.reserved(0),
			directory: join(directory, 'agent'),
			commands,
			binds: [`${files}:${files}`],
			// It ends processes of other containers; with the engine it comes back.
			host: { PidMode: 'host', RestartPolicy: { Name: 'always' } },
		});
		return new EndpointNetwork({ engine, name, labels, directory, python, bridge, agent });
	}

	/** Where the endpoint has to listen for containers. */
	get agentSocket(): string {
		return join(this.directory, 'agent', 'upstream');
	}

	/** Beginning of the names of a task's containers and volumes. */
	nameOf(taskId: string): string {
		return `${this.#name}-${taskId}`;
	}

	/** The network of a task, which its containers join; SDKs in it find the agent. */
	async hold(taskId: string): Promise<Insider> {
		const holder = await Insider.start(this.engine, { name: this.nameOf(taskId), labels: this.labels, python: this.#python, network: this.#bridge.name, directory: join(this.directory, taskId), commands: [] });
		await holder.ask(['address', linkLocal(holder.address), 16]);
		return holder;
	}

	/** Gives a server of this machine an address of the network, with the same port; also this machine reaches it there. */
	async publish(host: string, port: number): Promise<Published> {
		this.#published += 1;
		const name = `database-${this.#published}`;
		const directory = join(this.directory, name);
		const relay = await Insider.start(this.engine, { name: `${this.#name}-${name}`, labels: this.labels, python: this.#python, network: this.#bridge.name, address: this.#bridge.reserved(this.#published), directory, commands: [['relay', '0.0.0.0', port]], host: { RestartPolicy: { Name: 'always' } } });
		const server = createServer({ allowHalfOpen: true }, (socket) => {
			const there = connect({ host, port, allowHalfOpen: true, noDelay: true });
			socket.pipe(there).pipe(socket);
			socket.on('error', () => there.destroy());
			there.on('error', () => socket.destroy());
		});
		await new Promise<void>((resolve) => server.listen(join(directory, 'upstream'), resolve));
		return {
			address: relay.address,
			close: async () => {
				server.close();
				await relay.remove();
			},
		};
	}

	/** A process by its number on this machine, with all that it started. */
	kill(pid: number): Promise<void> {
		return this.#agent.ask(['kill', pid]);
	}

	/** As root, who alone can give a directory to others. */
	make(path: string, { uid, gid, permissions }: DirectoryOwner): Promise<void> {
		return this.#agent.ask(['own', path, uid, gid, permissions]);
	}

	/** As root, whoever has files there. */
	remove(path: string): Promise<void> {
		return this.#agent.ask(['remove', path]);
	}

	/** Removes everything of it that is in the engine. */
	async end(): Promise<void> {
		await removeLabelled(this.engine, this.labels);
		await rm(this.directory, { recursive: true, force: true });
	}
}

/** One that no other task of the network has, and AWS nothing at: the engine gives numbers of the lower half. */
function linkLocal(address: string): string {
	const [, , third = '0', fourth = '0'] = address.split('.');
	return `169.254.${Number(third) % 128}.${fourth}`;
}
