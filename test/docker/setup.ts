import { makeStandIns } from '../images/stand-ins.ts';
import { startEngine } from './engine.ts';

/** For the tests that need a Docker engine, once per run: the engine, and images for those that cannot be pulled. */
export async function setup(): Promise<() => Promise<void>> {
	const endEngine = await startEngine();
	await makeStandIns((line) => void process.stdout.write(`${line}\n`));
	return endEngine;
}
