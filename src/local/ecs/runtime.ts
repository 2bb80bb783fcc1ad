import type { Duplex, Readable } from 'node:stream';

/**
 * What runs containers below the local ECS. The ECS logic above (dependencies, health checks, stop order, logs, states)
 * does not know which runtime runs: processes now, containers of an engine later, a stub in tests.
 */
export interface TaskRuntime {
	readonly name: string;
	/** Where its containers reach what answers for metadata and credentials. Absent: at the endpoint's own address. */
	readonly agentUrl?: string;
	/**
	 * Makes the image usable here (a Python environment, a database's binaries) and reports progress lines.
	 * @throws ImagePullError, whose message becomes the task's `CannotPullContainerError: …`
	 */
	pull(image: string, onProgress: (line: string) => void): Promise<PulledImage>;
	/** A network identity and a place for files, for all containers of one task. */
	createTask(task: TaskIdentity): Promise<TaskSandbox>;
}

export interface PulledImage {
	/** `sha256:…` */
	readonly digest: string;
}

export class ImagePullError extends Error {}

export interface TaskIdentity {
	/** 32 hexadecimal digits. */
	readonly taskId: string;
	readonly volumes: readonly TaskVolume[];
	/** MiB, of all its containers together; undefined: no limit. */
	readonly memory: number | undefined;
	/** CPU units, 1,024 to a processor, of all its containers together; undefined: no limit. */
	readonly cpu: number | undefined;
}

export interface TaskVolume {
	readonly name: string;
	/** Absent: the task's own storage. */
	readonly efs?: { readonly fileSystemId: string; readonly accessPointId: string | undefined; readonly rootDirectory: string };
}

export interface TaskSandbox {
	/** The address that the task's containers share and that the host reaches, e.g. 127.81.3.7. */
	readonly address: string;
	/** The task's address in its VPC: other tasks that are told it reach this one. */
	isAt(privateAddress: string): Promise<void> | void;
	start(container: ContainerSpec): Promise<RunningContainer>;
	/** Removes the task's files and address; its containers have ended before. */
	dispose(): Promise<void>;
}

/** A container definition with overrides applied and secrets resolved. */
export interface ContainerSpec {
	readonly name: string;
	readonly image: string;
	readonly entryPoint: readonly string[] | undefined;
	readonly command: readonly string[] | undefined;
	/** From the task definition, secrets and ECS itself (metadata and credentials addresses of this endpoint). */
	readonly environment: Readonly<Record<string, string>>;
	readonly workingDirectory: string | undefined;
	readonly user: string | undefined;
	readonly mounts: readonly { readonly volume: string; readonly path: string; readonly readOnly: boolean }[];
	/** MiB; undefined: only the task's limit. */
	readonly memory: number | undefined;
	/** CPU units: its share where processors are short; undefined: like all others. */
	readonly cpu: number | undefined;
	/** Whether its first process is one that passes signals on and reaps what is left of others. */
	readonly init: boolean;
	/** Each whole line of standard output and error, without its newline. */
	onOutput(line: string): void;
}

export interface RunningContainer {
	/** Ends when the first process of the container has ended and the rest of its processes are gone. */
	readonly exited: Promise<ContainerExit>;
	/** To the container's first process only, as ECS does. */
	signal(name: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'): void;
	/** Ends every process of the container. */
	kill(): void;
	/** Runs a command inside (health checks). Output is cut at 4,096 characters. */
	exec(command: readonly string[], options: { timeoutSeconds: number }): Promise<{ exitCode: number; output: string }>;
	/**
	 * Runs a command inside on a terminal of its own (ECS Exec); it ends with the container.
	 * @throws Error as Go words it where there is no such program
	 */
	openTerminal(command: readonly string[], size: TerminalSize): Promise<Terminal>;
	/** A TCP connection as a program inside would make it: `localhost` is the task. Emits `connect` when it stands. */
	connect(host: string, port: number): Duplex;
}

export interface TerminalSize {
	readonly columns: number;
	readonly rows: number;
}

/** A command on a terminal. */
export interface Terminal {
	/** What the terminal shows; a slow reader slows the command. */
	readonly output: Readable;
	/** What is typed; kept until the command reads it. */
	write(bytes: Buffer): void;
	resize(size: TerminalSize): void;
	/** Ends every process of the command. */
	kill(): void;
	/** The exit code, when its processes are gone; output may be left to read. */
	readonly exited: Promise<number>;
}

export interface ContainerExit {
	readonly exitCode: number;
	readonly outOfMemory: boolean;
}
