import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, der, integer, objectId, octets, pem, sequence, time, yes } from './der.ts';

/** A server's certificate and its key, both PEM. */
export interface Identity {
	readonly certificate: string;
	readonly key: string;
}

/** Certifies servers of this machine. */
export interface Authority {
	/** PEM: who trusts it trusts what it issues. */
	readonly certificate: string;
	/** @param names DNS names, `*.` at their start included; the first is the subject's common name */
	issue(names: readonly string[]): Identity;
}

interface Keys {
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}

interface Wanted {
	readonly subject: string;
	readonly issuer: string;
	/** Of the subject. */
	readonly publicKey: KeyObject;
	/** Of the issuer. */
	readonly signer: Keys;
	readonly days: number;
	readonly extensions: readonly Buffer[];
}

/**
 * A self-signed certificate for a TLS server on this machine. node:crypto makes keys and signatures but no certificates,
 * and neither openssl nor a package can be counted on, so the few structures of RFC 5280 are built here.
 * @param name the subject's common name and its only DNS name
 */
export function selfSigned(name: string): Identity {
	const keys = newKeys();
	return identity(keys, { subject: name, issuer: name, publicKey: keys.publicKey, signer: keys, days: 10 * 365, extensions: [dnsNames([name])] });
}

/** A certificate authority of its own, with a new key that is never written anywhere. */
export function newAuthority(name: string): Authority {
	const signer = newKeys();
	const extensions = [extension(basicConstraints, sequence(yes), 'critical'), extension(keyUsage, bits(Buffer.of(0b0000_0110), 1), 'critical'), keyIdOf(signer.publicKey)];
	const { certificate } = identity(signer, { subject: name, issuer: name, publicKey: signer.publicKey, signer, days: 10 * 365, extensions });
	return {
		certificate,
		issue(names) {
			const keys = newKeys();
			const of = [dnsNames(names), extension(extendedKeyUsage, sequence(serverAuthentication)), keyIdOf(keys.publicKey), extension(authorityKeyId, sequence(der(0x80, keyId(signer.publicKey))))];
			return identity(keys, { subject: names[0] ?? '', issuer: name, publicKey: keys.publicKey, signer, days: 395, extensions: of });
		},
	};
}

function newKeys(): Keys {
	return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function identity({ privateKey }: Keys, wanted: Wanted): Identity {
	return { certificate: pem('CERTIFICATE', signed(wanted)), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** TBSCertificate and Certificate, RFC 5280 4.1. */
function signed({ subject, issuer, publicKey, signer, days, extensions }: Wanted): Buffer {
	const toBeSigned = sequence(
		der(0xa0, integer(Buffer.of(2))), // version 3
		integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
		ecdsaWithSha256,
		commonName(issuer),
		sequence(inDays(-1), inDays(days)),
		commonName(subject),
		publicKey.export({ type: 'spki', format: 'der' }),
		der(0xa3, sequence(...extensions)),
	);
	return sequence(toBeSigned, ecdsaWithSha256, bits(sign('sha256', toBeSigned, signer.privateKey)));
}

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
const subjectKeyId = objectId('551d0e');
const keyUsage = objectId('551d0f');
const subjectAlternativeName = objectId('551d11');
const basicConstraints = objectId('551d13');
const authorityKeyId = objectId('551d23');
const extendedKeyUsage = objectId('551d25');
const serverAuthentication = objectId('2b06010505070301');

function extension(id: Buffer, value: Buffer, critical?: 'critical'): Buffer {
	return sequence(id, ...(critical ? [yes] : []), octets(value));
}

const dnsNames = (names: readonly string[]): Buffer => extension(subjectAlternativeName, sequence(...names.map((name) => der(0x82, Buffer.from(name)))));
const keyIdOf = (key: KeyObject): Buffer => extension(subjectKeyId, octets(keyId(key)));
const keyId = (key: KeyObject): Buffer => createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest().subarray(0, 20);

function commonName(name: string): Buffer {
	return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))));
}

function inDays(days: number): Buffer {
	return time(new Date(Date.now() + days * 86_400_000));
}
