import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/package.ts';
import { officialConstraints } from './stand-ins.ts';

test("Airflow's own pins are those of our file with its changes taken back", async () => {
	const ours = await readFile(join(packageRoot, 'airflow', 'constraints.txt'), 'utf8');
	const pins = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
	const official = pins(officialConstraints(ours));
	expect(official).toEqual(expect.arrayContaining(['apache-airflow-providers-amazon==7.3.0', 'boto3==1.26.102', 'botocore==1.29.102', 's3transfer==0.6.0', 'watchtower==2.0.1']));
	expect(pins(ours).filter((pin) => !official.includes(pin)).map((pin) => pin.split('==')[0])).toEqual(['apache-airflow-providers-amazon', 'boto3', 'botocore', 'python-json-logger', 's3transfer', 'setuptools', 'watchtower'].toSorted());
});
