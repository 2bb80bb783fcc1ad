import { plain } from './endpoint.ts';
import type { Fault } from '../../src/local/faults.ts';

/** Has an endpoint do wrong from now on, instead of what was asked for before; none: all is well again. */
export async function askFor(endpointUrl: string, ...faults: readonly Fault[]): Promise<void> {
	const { status, body } = await plain(endpointUrl, { method: 'POST', path: '/_endpoint/faults', body: JSON.stringify(faults) });
	if (status !== 200) throw new Error(`the endpoint takes no such faults: ${body}`);
}
