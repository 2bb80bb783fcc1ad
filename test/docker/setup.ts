import { startEngine } from './engine.ts';

/** For the tests that need a Docker engine, once per run: `npm run test:docker`. */
export async function setup(): Promise<() => Promise<void>> {
	return startEngine();
}
