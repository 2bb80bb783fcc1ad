import { createInterface } from 'node:readline';
import { awsClients } from '../../src/aws/clients.ts';
import { leaseOf } from '../../src/resources/lease.ts';

// A run on its own process, for tests that stop it: takes the lease, then checks it once for each line it is sent.
const [endpoint = '', bucket = ''] = process.argv.slice(2);
const aws = awsClients({ region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }, { account: '000000000000', partition: 'aws' });
const lease = leaseOf({ aws, bucket, scope: 'main', command: 'up', wait: false, onMet: () => {}, signal: new AbortController().signal, times: { renewal: 0.2, trust: 0.5, dead: 1.5, look: 0.1 } });
const check = (): Promise<string> => lease.check().then(() => 'held', (error: { code?: string; exit?: number }) => `${error.code} ${error.exit}`);
process.stdout.write(`${await check()}\n`);
for await (const _line of createInterface({ input: process.stdin })) process.stdout.write(`${await check()}\n`);
