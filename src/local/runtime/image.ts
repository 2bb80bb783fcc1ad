import type { SupervisedProgram } from './supervisor.ts';

/** What the process runtime knows of an image: its configuration, and where its contents are on this machine. */
export interface Image {
	/** `sha256:…` */
	readonly digest: string;
	/** The image's ENV, with PATH and other paths as in the container. */
	readonly environment: Readonly<Record<string, string>>;
	readonly workingDirectory: string;
	/** Places of the image that all containers share: path in the container → path here. */
	readonly paths: Readonly<Record<string, string>>;
	/** Places that each container gets a directory of its own for. */
	readonly directories: readonly string[];
	/**
	 * Environment that tells the programs their task's address, and where absolute paths of the container are here (key:
	 * path in the container; the longest one counts, and the empty one is all the rest); stronger than the container's own.
	 */
	placed(address: string, paths: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
	/** What the image's ENTRYPOINT makes of a command. */
	entryPoint(command: readonly string[]): readonly string[];
	/** The ENTRYPOINT as a task definition would repeat it. */
	readonly literalEntryPoint: readonly string[];
	/** Programs of the image that are not on this machine: name in /usr/local/bin → the command that stands in for it. */
	readonly programs?: Readonly<Record<string, readonly string[]>>;
	/** The image's STOPSIGNAL, which is sent instead of SIGTERM. */
	readonly stopSignal?: 'SIGINT';
	/** How its program is ended when the endpoint dies; default: SIGKILL at once. */
	readonly end?: SupervisedProgram['end'];
}
