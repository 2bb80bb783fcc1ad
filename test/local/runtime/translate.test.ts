import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translate, type Places } from '../../../src/local/runtime/translate.ts';

const places: Places = {
	paths: { '/opt/airflow': '/task/opt/airflow', '/opt/airflow/bundle': '/efs/fs-1', '/opt/airflow-deploy': '/cache/image' },
	address: '127.81.3.7',
	endpointPort: 43121,
};
const translated = (value: string): string => translate(value, places);

describe('paths', () => {
	test.each([
		['/opt/airflow', '/task/opt/airflow'],
		['/opt/airflow/', '/task/opt/airflow/'],
		['/opt/airflow/logs', '/task/opt/airflow/logs'],
		['/opt/airflow-deploy', '/cache/image'],
		['/opt/airflow/bundle', '/efs/fs-1'],
		['/opt/airflow/bundle/dags', '/efs/fs-1/dags'],
		['/opt/airflow/bundle/../logs', '/task/opt/airflow/logs'],
		['/opt/airflow/bundled', '/task/opt/airflow/bundled'],
		['/opt/airflow-deploy:/opt/airflow/plugins:/usr/lib', '/cache/image:/task/opt/airflow/plugins:/usr/lib'],
		[':/opt/airflow:', ':/task/opt/airflow:'],
	])('%s is translated', (value, expected) => expect(translated(value)).toBe(expected));

	test.each([
		'',
		'/opt/airflowx',
		'/opt',
		'opt/airflow',
		'./opt/airflow',
		'/data/opt/airflow',
		'/opt/airflow/../other',
		'/opt/airflow is the home',
		'see /opt/airflow',
		'--home=/opt/airflow',
		'file:///opt/airflow/dags',
		'https://example.org:/opt/airflow',
		'key:/opt/airflow',
		'x,/opt/airflow',
		'{"home": "/opt/airflow"}',
		'/opt/airflow\n',
	])('%j is not', (value) => expect(translated(value)).toBe(value));
});

describe('localhost', () => {
	test.each([
		['localhost', '127.81.3.7'],
		['127.0.0.1', '127.81.3.7'],
		['localhost:5432', '127.81.3.7:5432'],
		['http://localhost', 'http://127.81.3.7'],
		['http://LOCALHOST:8080/health?x=1#y', 'http://127.81.3.7:8080/health?x=1#y'],
		['http://127.0.0.1/', 'http://127.81.3.7/'],
		['http://localhost?x', 'http://127.81.3.7?x'],
		['postgresql+psycopg2://airflow:p%40ss@localhost:5432/airflow?sslmode=require', 'postgresql+psycopg2://airflow:p%40ss@127.81.3.7:5432/airflow?sslmode=require'],
		['redis://:localhost@localhost:6379/0', 'redis://:localhost@127.81.3.7:6379/0'],
	])('%s is translated', (value, expected) => expect(translated(value)).toBe(expected));

	test.each([
		'http://127.0.0.1:43121/v4/abc',
		'http://localhost:43121',
		'http://localhost.example.org/',
		'http://my-localhost/',
		'http://localhost@example.org/',
		'http://example.org/?next=http://localhost/',
		'http://example.org/localhost',
		'http://127.0.0.10/',
		'127.0.0.1/8',
		'user@localhost',
		'localhosts',
		'at localhost',
		'localhost,example.org',
		'airflow.localhost',
		'0.0.0.0',
	])('%j is not', (value) => expect(translated(value)).toBe(value));
});

const segment = fc.stringMatching(/^[A-Za-z0-9_.=@,+-]{1,12}$/).filter((text) => text !== '..' && text !== '.');
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);

test('every path below a place goes to the same place below its counterpart', () => {
	fc.assert(fc.property(path, (below) => {
		expect(translated(`/opt/airflow-deploy${below}`)).toBe(`/cache/image${below}`);
		expect(translated(`/usr/bin:/opt/airflow-deploy${below}`)).toBe(`/usr/bin:/cache/image${below}`);
	}));
});

test('no value changes in which neither a place nor a loopback name stands', () => {
	fc.assert(fc.property(fc.string(), (value) => {
		fc.pre(!/\/opt\/airflow|localhost|127\.0\.0\.1/i.test(value));
		expect(translated(value)).toBe(value);
	}));
});

test('other text around a path or a name protects it', () => {
	const word = fc.stringMatching(/^[a-z]{1,8}$/);
	fc.assert(fc.property(word, fc.constantFrom('/opt/airflow/dags', 'localhost', 'http://localhost/'), word, (before, value, after) => {
		expect(translated(`${before} ${value}`)).toBe(`${before} ${value}`);
		expect(translated(`${value} ${after}`)).toBe(`${value} ${after}`);
		expect(translated(`${before}=${value}`)).toBe(`${before}=${value}`);
	}));
});

test('what is translated is not translated again', () => {
	const value = fc.oneof(path.map((below) => `/opt/airflow${below}`), fc.constantFrom('localhost:1', 'http://u:p@localhost/x'));
	fc.assert(fc.property(value, (value) => {
		expect(translated(translated(value))).toBe(translated(value));
	}));
});

test('the address of another task in its VPC is where that task is reached here', () => {
	const known: Places = { ...places, addresses: new Map([['10.0.1.7', '127.9.9.9']]) };
	expect(translate('10.0.1.7', known)).toBe('127.9.9.9');
	expect(translate('postgresql://a:b@10.0.1.7:5432/x?y=10.0.1.7', known)).toBe('postgresql://a:b@127.9.9.9:5432/x?y=10.0.1.7');
	for (const other of ['10.0.1.70', '10.0.1.8', 'http://10.0.1.8:80/', 'x10.0.1.7', '10.0.1.7.example.com']) expect(translate(other, known)).toBe(other);
});
