import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/**
 * A self-signed certificate, as PEM, for a TLS server on this machine. node:crypto makes keys and signatures but no
 * certificates, and neither openssl nor a package can be counted on, so the few DER structures (RFC 5280) are built here.
 * @param name the subject's common name and its only DNS name
 */
export function selfSigned(name: string): { certificate: string; key: string } {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const toBeSigned = sequence(
		der(0xa0, integer(Buffer.of(2))), // version 3
		integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
		ecdsaWithSha256,
		commonName(name),
		sequence(time(-1), time(10 * 365)),
		commonName(name),
		publicKey.export({ type: 'spki', format: 'der' }),
		der(0xa3, sequence(sequence(subjectAlternativeName, der(0x04, sequence(der(0x82, Buffer.from(name))))))),
	);
	const signature = der(0x03, Buffer.of(0), sign('sha256', toBeSigned, privateKey));
	return {
		certificate: pem('CERTIFICATE', sequence(toBeSigned, ecdsaWithSha256, signature)),
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
	};
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
	const content = Buffer.concat(contents);
	return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

function length(bytes: number): Buffer {
	if (bytes < 0x80) {
		return Buffer.of(bytes);
	}
	return bytes < 0x100 ? Buffer.of(0x81, bytes) : Buffer.of(0x82, bytes >> 8, bytes & 0xff);
}

const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
const integer = (content: Buffer): Buffer => der(0x02, content);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
const subjectAlternativeName = objectId('551d11');

function commonName(name: string): Buffer {
	return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime, `days` from now. */
function time(days: number): Buffer {
	const date = new Date(Date.now() + days * 86_400_000).toISOString();
	return der(0x18, Buffer.from(`${date.replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

function pem(label: string, content: Buffer): string {
	const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
