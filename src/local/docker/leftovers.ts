import { UserError } from '../../errors.ts';
import { findEngine } from './engine-socket.ts';
import { labelsOf, removeImagesOf, removeLabelled } from './labels.ts';

/** Removes what the engine has of the endpoint of a directory that was at `url`. Without an engine nothing of it runs, and what is left is found at the next start. */
export async function removeEngineLeftovers(directory: string, url: string): Promise<void> {
	try {
		const { engine } = await findEngine(process.env);
		await removeLabelled(engine, labelsOf(directory).endpoint);
		await removeImagesOf(engine, new URL(url).host);
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
	}
}
