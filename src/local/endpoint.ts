import { parseArgs } from 'node:util';
import { UserError } from '../errors.ts';
import { isLatency } from './lag.ts';
import { LocalEndpoint } from './local-endpoint.ts';

/** `node endpoint.js --dir DIRECTORY --python PYTHON [--port PORT] [--latency none|aws|aws/20] [--iam] [--runtime process|docker]`: runs until SIGTERM, or until something it needs ends. */
const { values } = parseArgs({ options: { dir: { type: 'string' }, python: { type: 'string' }, port: { type: 'string', default: '0' }, latency: { type: 'string', default: 'none' }, iam: { type: 'boolean', default: false }, runtime: { type: 'string', default: 'process' } } });
const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

process.on('uncaughtException', (error) => {
	log(`the local endpoint ends, it is broken: ${error.stack ?? error.message}`);
	process.exit(1);
});

try {
	const endpoint = await LocalEndpoint.start({ directory: values.dir ?? '', motoPython: values.python ?? '', port: Number(values.port), latency: isLatency(values.latency) ? values.latency : 'none', iam: values.iam, runtime: values.runtime === 'docker' ? 'docker' : 'process', log });
	for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => endpoint.end(signal, 0));
	process.exitCode = await endpoint.ended;
} catch (error) {
	log(error instanceof UserError ? [error.message, error.hint].filter(Boolean).join('\n') : String((error as Error).stack));
	process.exitCode = 1;
}
// Idle connections and pipes of ended programs are no reason to stay.
process.exit();
