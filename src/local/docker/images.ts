import type { Readable } from 'node:stream';
import { UserError } from '../../errors.ts';
import { ImagePullError, type PulledImage } from '../ecs/runtime.ts';
import { type Engine, EngineError } from './engine.ts';

/** What the runtime has to know of an image. */
export interface ImageSettings extends PulledImage {
	/** What asks its program to end. */
	readonly stopSignal: string;
}

interface InspectedImage {
	readonly Id: string;
	readonly RepoDigests: readonly string[] | null;
	readonly Config: { readonly StopSignal?: string };
}

/** What the engine knows an image of a task definition as. */
export function engineImage(reference: string): string {
	return reference;
}

/**
 * The image as the engine has it, else from its registry: what stands in for images of elsewhere has their names.
 * @throws ImagePullError
 */
export async function pullImage(engine: Engine, reference: string, onProgress: (line: string) => void): Promise<ImageSettings> {
	const name = engineImage(reference);
	const here = await inspectImage(engine, name);
	if (here !== undefined) return here;
	onProgress(`pulling ${reference}`);
	try {
		await pull(engine, name);
	} catch (error) {
		throw error instanceof UserError ? new ImagePullError(error.message, { cause: error }) : new ImagePullError(`pull image manifest has been retried 1 time(s): failed to resolve ref ${reference}: ${(error as Error).message}`, { cause: error });
	}
	const pulled = await inspectImage(engine, name);
	if (pulled === undefined) throw new ImagePullError(`${reference}: the engine pulled it and does not have it`);
	return pulled;
}

async function inspectImage(engine: Engine, name: string): Promise<ImageSettings | undefined> {
	try {
		const { Id, RepoDigests, Config } = await engine.ask<InspectedImage>('GET', `/images/${name}/json`);
		return { digest: RepoDigests?.[0]?.split('@')[1] ?? Id, stopSignal: Config.StopSignal ?? 'SIGTERM' };
	} catch (error) {
		if (error instanceof EngineError && error.status === 404) return undefined;
		throw error;
	}
}

/** A failure comes as the last line of a successful answer. */
async function pull(engine: Engine, name: string): Promise<void> {
	const query = name.includes('@') || /:[^/]+$/.test(name) ? { fromImage: name } : { fromImage: name, tag: 'latest' };
	const failure = await lastFailure(await engine.stream('POST', '/images/create', { query }));
	if (failure !== undefined) throw new Error(failure);
}

async function lastFailure(stream: Readable): Promise<string | undefined> {
	let text = '';
	for await (const bytes of stream as AsyncIterable<Buffer>) text += bytes.toString();
	return text.split('\n').flatMap((line) => (line.includes('"error"') ? [(JSON.parse(line) as { error: string }).error] : [])).at(-1);
}
