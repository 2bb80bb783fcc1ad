/** The few structures of DER (ITU-T X.690) that certificates are made of. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
	const content = Buffer.concat(contents);
	return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

function length(bytes: number): Buffer {
	if (bytes < 0x80) return Buffer.of(bytes);
	return bytes < 0x100 ? Buffer.of(0x81, bytes) : Buffer.of(0x82, bytes >> 8, bytes & 0xff);
}

export const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
export const integer = (content: Buffer): Buffer => der(0x02, content);
export const octets = (content: Buffer): Buffer => der(0x04, content);
export const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
export const bits = (content: Buffer, unused = 0): Buffer => der(0x03, Buffer.of(unused), content);
export const yes = der(0x01, Buffer.of(0xff));

/** GeneralizedTime, to the second. */
export function time(date: Date): Buffer {
	return der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

export function pem(label: string, content: Buffer): string {
	const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
