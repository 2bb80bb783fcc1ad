import { makeStandIns } from '../images/stand-ins.ts';
import { ensureCompose } from './compose.ts';
import { startEngine } from './engine.ts';

/** For the tests that need a Docker engine, once per run: the engine, and images for those that cannot be pulled. */
export async function setup(): Promise<() => Promise<void>> {
	const say = (line: string): void => void process.stdout.write(`${line}\n`);
	const endEngine = await startEngine();
	try {
		await makeStandIns(say);
		await ensureCompose(say);
	} catch (error) {
		await endEngine();
		throw error;
	}
	return endEngine;
}
