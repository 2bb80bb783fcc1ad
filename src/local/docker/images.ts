import type { Readable } from 'node:stream';
import { UserError } from '../../errors.ts';
import { ImagePullError, type PulledImage } from '../ecs/runtime.ts';
import type { ImageSource, Registry } from '../registry/registry.ts';
import { type Engine, EngineError } from './engine.ts';

/** What the runtime has to know of an image. */
export interface ImageSettings extends PulledImage {
	/** What the engine knows it as. */
	readonly name: string;
	/** What asks its program to end. */
	readonly stopSignal: string;
}

interface InspectedImage {
	readonly Id: string;
	readonly RepoDigests: readonly string[] | null;
	readonly Config: { readonly StopSignal?: string };
}

/** ECR's registry, as far as images of task definitions are concerned. */
export type ImageRegistry = Pick<Registry, 'source'>;

/**
 * The image as the engine has it, else from its registry: what stands in for images of elsewhere has their names.
 * @throws ImagePullError
 */
export async function pullImage(engine: Engine, registry: ImageRegistry | undefined, reference: string, onProgress: (line: string) => void): Promise<ImageSettings> {
	try {
		const source = (await registry?.source(reference)) ?? { name: reference };
		return (await inspectImage(engine, source.name)) ?? (await pulled(engine, source, () => onProgress(`pulling ${reference}`)));
	} catch (error) {
		throw error instanceof UserError ? new ImagePullError(error.message, { cause: error }) : new ImagePullError(`pull image manifest has been retried 1 time(s): failed to resolve ref ${reference}: ${reference}: ${(error as Error).message}`, { cause: error });
	}
}

async function pulled(engine: Engine, source: Pick<ImageSource, 'name'> & Partial<ImageSource>, onPull: () => void): Promise<ImageSettings> {
	onPull();
	await pull(engine, source);
	const image = await inspectImage(engine, source.name);
	if (image === undefined) throw new Error('the engine pulled it and does not have it');
	return image;
}

async function inspectImage(engine: Engine, name: string): Promise<ImageSettings | undefined> {
	try {
		const { Id, RepoDigests, Config } = await engine.ask<InspectedImage>('GET', `/images/${name}/json`);
		return { name, digest: name.split('@')[1] ?? RepoDigests?.[0]?.split('@')[1] ?? Id, stopSignal: Config.StopSignal ?? 'SIGTERM' };
	} catch (error) {
		if (error instanceof EngineError && error.status === 404) return undefined;
		throw error;
	}
}

/** A failure comes as the last line of a successful answer. */
async function pull(engine: Engine, { name, login }: Pick<ImageSource, 'name'> & Partial<ImageSource>): Promise<void> {
	const query = name.includes('@') || /:[^/]+$/.test(name) ? { fromImage: name } : { fromImage: name, tag: 'latest' };
	const failure = await lastFailure(await engine.stream('POST', '/images/create', { query, ...(login ? { headers: { 'X-Registry-Auth': Buffer.from(JSON.stringify(login)).toString('base64url') } } : {}) }));
	if (failure !== undefined) throw new Error(failure);
}

async function lastFailure(stream: Readable): Promise<string | undefined> {
	let text = '';
	for await (const bytes of stream as AsyncIterable<Buffer>) text += bytes.toString();
	return text.split('\n').flatMap((line) => (line.includes('"error"') ? [(JSON.parse(line) as { error: string }).error] : [])).at(-1);
}
