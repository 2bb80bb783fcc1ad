import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { findPython310 } from '../../src/local/runtime/python.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { packageRoot } from '../../src/package.ts';
import { installDebian } from '../docker/debian.ts';
import { certificates, debianSources, pipSettings } from './machine.ts';

/** Of every image made here: what it stands for. `docker inspect` shows it, and it tells them from real ones. */
export const standInLabel = 'airflow-deploy.stand-in-for';

interface StandIn {
	readonly folder: 'airflow' | 'postgres' | 'mysql';
	/** The official image's name, and those under which it is asked for. */
	readonly names: readonly [string, ...string[]];
	readonly arguments: Readonly<Record<string, string>>;
}

const standIns: readonly StandIn[] = [
	{ folder: 'postgres', names: ['postgres:15', 'public.ecr.aws/docker/library/postgres:15'], arguments: {} },
	{ folder: 'mysql', names: ['mysql:8.0', 'public.ecr.aws/docker/library/mysql:8.0'], arguments: {} },
	// Of the official image's extras those that the sample and its proof need.
	{ folder: 'airflow', names: ['apache/airflow:2.5.3-python3.10'], arguments: { EXTRAS: 'amazon,async,google_auth,http,mysql,postgres,statsd,virtualenv' } },
];

/**
 * Images for where the official ones cannot be pulled, under the official names, unless the engine has those. Made once
 * per engine and content, from this machine's own mirrors.
 * @returns what each stand-in is kept as: folder → `airflow-deploy-stand-in/<folder>:<hash>`
 */
export async function makeStandIns(onProgress: (line: string) => void): Promise<Record<StandIn['folder'], string>> {
	const base = { DEBIAN: await debian(onProgress), PYTHON: await python(onProgress) };
	const made: [string, string][] = [];
	for (const standIn of standIns) {
		const image = await build(standIn, { ...base, ...standIn.arguments }, onProgress);
		for (const name of standIn.names) await call(image, name);
		made.push([standIn.folder, image]);
	}
	return Object.fromEntries(made) as Record<StandIn['folder'], string>;
}

/** Debian 12 alone, with this machine's package mirrors and certificates. */
async function debian(onProgress: (line: string) => void): Promise<string> {
	const sources = await debianSources();
	const image = named('debian', sources, await certificates());
	if (await exists(image)) return image;
	await installDebian('mmdebstrap', 'mmdebstrap');
	return inTemporary(async (directory) => {
		onProgress(`${image}: Debian 12, about 40 s`);
		await writeFile(join(directory, 'sources.list'), sources);
		await writeFile(join(directory, 'ca-certificates.crt'), await certificates());
		const root = join(directory, 'root.tar');
		const certificatesIn = `--customize-hook=copy-in ${join(directory, 'ca-certificates.crt')} /etc/ssl/certs`;
		await execa('mmdebstrap', ['--quiet', '--variant=minbase', '--include=ca-certificates', certificatesIn, 'bookworm', root, join(directory, 'sources.list')], { stdin: 'ignore' });
		await execa('docker', ['import', '--change', `LABEL ${standInLabel}=debian:12`, root, image]);
		return image;
	});
}

/** The Python 3.10 that the process runtime takes, to be copied to /usr/local: Debian 12 has 3.11. */
async function python(onProgress: (line: string) => void): Promise<string> {
	const interpreter = await findPython310(installer(onProgress));
	const { stdout: text } = await execa(interpreter, ['-I', '-c', 'import sys; print(sys.base_prefix, sys.version)']);
	const image = named('python', text);
	if (await exists(image)) return image;
	const without = ['--exclude=*/test', '--exclude=*/__pycache__', '--exclude=*.a', '--exclude=lib/python3.10/site-packages/*-info/direct_url.json'];
	const archive = execa('tar', ['-C', text.split(' ')[0] ?? '', ...without, '-cf', '-', 'bin', 'lib', 'include'], { encoding: 'buffer', buffer: false });
	await archive.pipe('docker', ['import', '--change', `LABEL ${standInLabel}=python:3.10`, '-', image]);
	return image;
}

async function build({ folder, names: [official] }: StandIn, buildArguments: Readonly<Record<string, string>>, onProgress: (line: string) => void): Promise<string> {
	return inTemporary(async (directory) => {
		const context = join(directory, folder);
		await cp(join(packageRoot, 'test', 'images', folder), context, { recursive: true });
		if (folder === 'airflow') await addPython(context);
		const image = named(folder, JSON.stringify(buildArguments), ...(await contents(context)));
		if (await exists(image)) return image;
		onProgress(`${image}: stands in for ${official}`);
		const given = Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
		const { failed, all } = await execa('docker', ['build', '--force-rm', '--label', `${standInLabel}=${official}`, ...given, '--tag', image, context], { all: true, reject: false, stdin: 'ignore' });
		if (failed) throw new Error(`${image} could not be built:\n${all.slice(-4000)}`);
		return image;
	});
}

/** Airflow's own pins, which ours say how they differ from; pip's settings of this machine. */
async function addPython(context: string): Promise<void> {
	const ours = await readFile(join(packageRoot, 'airflow', 'constraints.txt'), 'utf8');
	await writeFile(join(context, 'constraints.txt'), officialConstraints(ours));
	await mkdir(join(context, 'machine'));
	await writeFile(join(context, 'machine', 'pip.conf'), await pipSettings());
}

/** @param ours begins with a table of what it changes (`# name 1.0 -> 2.0`) and adds (`# name -> 2.0`) */
export function officialConstraints(ours: string): string {
	const changes = [...ours.matchAll(/^# {3}([\w.-]+) +(?:(\S+) +)?-> +(\S+)$/gm)];
	return changes.reduce((text, [, name = '', before, after = '']) => text.replace(`\n${name}==${after}\n`, before === undefined ? '\n' : `\n${name}==${before}\n`), ours);
}

/** Gives an image another name, unless a real image has it. */
async function call(image: string, name: string): Promise<void> {
	const { stdout, failed } = await execa('docker', ['image', 'inspect', '--format', `{{index .Config.Labels "${standInLabel}"}}`, name], { reject: false });
	if (failed || stdout.trim() !== '') await execa('docker', ['tag', image, name]);
}

const exists = async (image: string): Promise<boolean> => !(await execa('docker', ['image', 'inspect', image], { reject: false })).failed;

const named = (name: string, ...contents: readonly (string | Buffer)[]): string => {
	const hash = createHash('sha256');
	for (const content of contents) hash.update(content).update('\0');
	return `airflow-deploy-stand-in/${name}:${hash.digest('hex').slice(0, 16)}`;
};

async function contents(directory: string): Promise<(string | Buffer)[]> {
	const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
	return (await Promise.all(files.toSorted().map(async (file) => [file.slice(directory.length), await readFile(file)]))).flat();
}

async function inTemporary<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-image-'));
	try {
		return await work(directory);
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}
