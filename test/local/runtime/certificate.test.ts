import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newAuthority, selfSigned } from '../../../src/local/runtime/certificate.ts';

test('it is signed with its own key, names its host and is valid now', () => {
	const { certificate, key } = selfSigned('database.localhost');
	const parsed = new X509Certificate(certificate);
	expect(parsed.verify(parsed.publicKey)).toBe(true);
	expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
	expect(parsed.checkHost('database.localhost')).toBe('database.localhost');
	expect(parsed.subject).toBe('CN=database.localhost');
	expect(Date.parse(parsed.validFrom)).toBeLessThan(Date.now());
	expect(Date.parse(parsed.validTo)).toBeGreaterThan(Date.now() + 9 * 365 * 86_400_000);
});

test('a long name fits', () => {
	const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}`;
	expect(new X509Certificate(selfSigned(name).certificate).checkHost(name)).toBe(name);
});

test('a TLS client that trusts it connects', async () => {
	const { certificate, key } = selfSigned('database.localhost');
	const server = createServer({ cert: certificate, key }, (socket) => socket.end('hello')).listen(0, '127.0.0.1');
	onTestFinished(() => void server.close());
	await once(server, 'listening');
	const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: certificate, servername: 'database.localhost' });
	const [data] = (await once(client, 'data')) as [Buffer];
	expect(data.toString()).toBe('hello');
});

describe('an authority', () => {
	const authority = newAuthority('a local authority');
	const { certificate, key } = authority.issue(['airflow.example.com', '*.dev.example.com']);

	test('certifies names, and says that it may', () => {
		const [root, parsed] = [new X509Certificate(authority.certificate), new X509Certificate(certificate)];
		expect(root.ca).toBe(true);
		expect(parsed.ca).toBe(false);
		expect(parsed.checkIssued(root)).toBe(true);
		expect(parsed.verify(root.publicKey)).toBe(true);
		expect([parsed.checkHost('airflow.example.com'), parsed.checkHost('a.dev.example.com'), parsed.checkHost('example.com')]).toEqual(['airflow.example.com', '*.dev.example.com', undefined]);
	});

	test.each([
		['who trusts it connects', { ca: authority.certificate, servername: 'airflow.example.com' }, 'hello'],
		['by another name nobody does', { ca: authority.certificate, servername: 'example.com' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
		['who trusts another does not', { ca: newAuthority('a local authority').certificate, servername: 'airflow.example.com' }, 'SELF_SIGNED_CERT_IN_CHAIN'],
	])('%s', async (_, options, expected) => {
		const server = createServer({ cert: certificate + authority.certificate, key }, (socket) => socket.end('hello')).listen(0, '127.0.0.1');
		onTestFinished(() => void server.close());
		await once(server, 'listening');
		const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
		const answer = await once(client, 'data').then(([data]) => String(data), (error: NodeJS.ErrnoException) => error.code);
		expect(answer).toBe(expected);
	});
});
