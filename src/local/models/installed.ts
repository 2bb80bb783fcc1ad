import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../package.ts';
import { madeOnce } from '../runtime/made-once.ts';
import { modelled, RequestModels } from './request-models.ts';

const script = join(packageRoot, 'templates', 'request_models.py');

/**
 * The models of the botocore that moto brings, beside its environment in the user's cache; written at the first start on a
 * machine, in half a second.
 * @param python of the environment that holds moto
 */
export async function installedModels(python: string): Promise<RequestModels> {
	return new RequestModels(await modelsDirectory(python));
}

/** Where they lie, a file for each service. */
export async function modelsDirectory(python: string): Promise<string> {
	const services = Object.values(modelled);
	const version = createHash('sha256').update(await readFile(script)).update(services.join()).digest('hex').slice(0, 8);
	const directory = `${dirname(dirname(python))}-models-${version}`;
	return madeOnce(directory, async (temporary) => void (await execa(python, ['-I', script, temporary, ...services])));
}
