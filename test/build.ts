import { execa } from 'execa';
import { packageRoot } from '../src/package.ts';

/** The local endpoint runs from dist/ also in tests. */
export async function setup(): Promise<void> {
	await execa(process.execPath, ['src/build.mjs'], { cwd: packageRoot });
}
