import { UserError } from '../../errors.ts';
import { findEngine } from './engine-socket.ts';
import { labelsOf, removeLabelled } from './labels.ts';

/** Removes what the engine has of the endpoint of a directory. Without an engine nothing of it runs, and what is left is found at the next start. */
export async function removeEngineLeftovers(directory: string): Promise<void> {
	try {
		const { engine } = await findEngine(process.env);
		await removeLabelled(engine, labelsOf(directory).endpoint);
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
	}
}
