import { constants } from 'node:fs';
import { access, mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { ContainerSpec, RunningContainer } from '../ecs/runtime.ts';
import type { Image } from './image.ts';
import { type SupervisedProgram, supervise } from './supervisor.ts';
import { startTerminal } from './terminal.ts';
import { type Places, translate } from './translate.ts';

/** What a container gets from its task and its runtime. */
export interface ContainerPlace {
	/** Of the container's own: the image's writable places are below it. */
	readonly directory: string;
	/** Short enough for Unix sockets (107 bytes with their names), which Python's multiprocessing makes in TMPDIR. */
	readonly temporary: string;
	/** Volume name → directory. */
	readonly volumes: Readonly<Record<string, string>>;
	readonly address: string;
	/** Of all tasks: address in the VPC → address here. */
	readonly addresses: ReadonlyMap<string, string>;
	readonly endpointUrl: string;
	readonly python: string;
	/** Has the memory below a supervisor kept within the limits. @returns what ends that */
	readonly limitMemory: (supervisor: number, onKill: () => void) => () => void;
}

/** The ECS API's limit for what a health check prints. */
const longestOutput = 4096;
/** What ends so soon after one of its processes was killed for its memory ended for that. */
const causeMilliseconds = 10_000;

/**
 * Starts a container as processes of the caller. Its memory is limited; not enforced are its user, read-only mounts and CPU.
 * Its file system is the machine's, but for the places that get translated.
 * @throws Error worded like a container engine's where there is no such program
 */
export async function startContainer(spec: ContainerSpec, image: Image, place: ContainerPlace): Promise<RunningContainer> {
	const places = await layOut(spec, image, place);
	const environment = containerEnvironment(spec, image, place, places);
	const directory = await workingDirectory(translate(spec.workingDirectory ?? image.workingDirectory, places), place);
	const program = async (command: readonly string[]): Promise<Omit<SupervisedProgram, 'onLine'>> => {
		const translated = command.map((argument) => translate(argument, places));
		await findProgram(translated[0], environment['PATH'], directory);
		return { python: place.python, command: translated, environment, directory };
	};
	const { command, isEntryPointOfImage } = commandOf(spec, image);
	// dumb-init, the first word of the image's entry point, passes signals on to the whole session unless told otherwise.
	const toGroup = isEntryPointOfImage && image.literalEntryPoint[0] === '/usr/bin/dumb-init' && environment['DUMB_INIT_SETSID'] !== '0';
	const { stopSignal = 'SIGTERM', end } = image;
	const main = supervise({ ...(await program(command)), toGroup, ...(end && { end }), onLine: (line) => spec.onOutput(line) });
	const running = new Set<() => void>();
	let killedAt = Number.NEGATIVE_INFINITY;
	const unlimit = main.pid === undefined ? () => {} : place.limitMemory(main.pid, () => (killedAt = performance.now()));
	return {
		exited: main.exited.then((exitCode) => {
			unlimit();
			running.forEach((kill) => kill());
			return { exitCode, outOfMemory: performance.now() - killedAt < causeMilliseconds };
		}),
		signal: (name) => main.signal(name === 'SIGTERM' ? stopSignal : name),
		kill: () => main.kill(),
		exec: async (command, { timeoutSeconds }) => runInside(await program(command), timeoutSeconds, running),
		openTerminal: async (command, size) => {
			const terminal = startTerminal(await program(command), size);
			const kill = (): void => terminal.kill();
			running.add(kill);
			void terminal.exited.then(() => running.delete(kill));
			return terminal;
		},
		connect: (host, port) => connect({ host: translate(host, places), port, noDelay: true }),
	};
}

function commandOf({ entryPoint, command = [] }: ContainerSpec, image: Image): { command: readonly string[]; isEntryPointOfImage: boolean } {
	const isEntryPointOfImage = entryPoint === undefined || entryPoint.join('\n') === image.literalEntryPoint.join('\n');
	return { command: isEntryPointOfImage ? image.entryPoint(command) : [...entryPoint, ...command], isEntryPointOfImage };
}

/** Only what a container would have: nothing of this process's own environment. */
function containerEnvironment(spec: ContainerSpec, image: Image, place: ContainerPlace, places: Places): Record<string, string> {
	const declared = { AWS_ENDPOINT_URL: place.endpointUrl, ...image.environment, ...spec.environment };
	const translated = Object.entries(declared).map(([name, value]) => [name, translate(value, places)]);
	return { TMPDIR: place.temporary, ...Object.fromEntries(translated), ...image.placed(place.address, { '': place.directory, ...places.paths }) };
}

/** Makes the container's directories, and links for its mounts, so that a path put together in a program leads there too. */
async function layOut({ mounts }: ContainerSpec, image: Image, { directory, volumes, address, addresses, endpointUrl }: ContainerPlace): Promise<Places> {
	const directories = image.programs ? [programs, ...image.directories] : image.directories;
	const own = Object.fromEntries(directories.map((path) => [path, join(directory, path)]));
	const mounted = Object.fromEntries(mounts.map(({ volume, path }) => [path.replace(/(?<=.)\/+$/, ''), volumes[volume] ?? unknownVolume(volume)]));
	for (const [path, target] of Object.entries(mounted)) {
		await linkTo(target, join(directory, path));
	}
	for (const path of Object.values(own)) {
		await mkdir(path, { recursive: true });
	}
	for (const [name, command] of Object.entries(image.programs ?? {})) {
		await writeFile(join(directory, programs, name), `#!/bin/sh\nexec ${command.map(quoted).join(' ')} "$@"\n`, { mode: 0o755 });
	}
	return { paths: { ...image.paths, ...own, ...mounted }, address, addresses, endpointPort: Number(new URL(endpointUrl).port) };
}

const programs = '/usr/local/bin';

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

function unknownVolume(name: string): never {
	throw new Error(`the task has no volume ${name}`);
}

async function linkTo(target: string, link: string): Promise<void> {
	await mkdir(dirname(link), { recursive: true });
	await symlink(target, link).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== 'EEXIST') throw error; // a container that is started again
	});
}

async function workingDirectory(path: string, { directory }: ContainerPlace): Promise<string> {
	if (path.startsWith(directory)) {
		await mkdir(path, { recursive: true });
	}
	return path;
}

/** @throws Error as runc words it */
async function findProgram(name: string | undefined, path: string | undefined, directory: string): Promise<void> {
	if (name === undefined || name === '') {
		throw new Error('no command specified');
	}
	const candidates = name.includes('/') ? [resolve(directory, name)] : (path ?? '').split(':').map((folder) => join(folder, name));
	const found = await Promise.all(candidates.map((candidate) => access(candidate, constants.X_OK).then(() => true, () => false)));
	if (!found.includes(true)) {
		throw new Error(`exec: "${name}": ${name.includes('/') ? `stat ${name}: no such file or directory` : 'executable file not found in $PATH'}`);
	}
}

async function runInside(program: Omit<SupervisedProgram, 'onLine'>, timeoutSeconds: number, running: Set<() => void>): Promise<{ exitCode: number; output: string }> {
	let output = '';
	const command = supervise({ ...program, onLine: (line) => void (output = `${output}${line}\n`.slice(0, longestOutput)) });
	const kill = (): void => command.kill();
	running.add(kill);
	const timer = setTimeout(kill, timeoutSeconds * 1000);
	const exitCode = await command.exited;
	clearTimeout(timer);
	running.delete(kill);
	return { exitCode, output };
}
