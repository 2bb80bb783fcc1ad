import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../../../src/local/runtime/certificate.ts';

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
