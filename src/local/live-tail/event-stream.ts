import { crc32 } from 'node:zlib';

/** One event of an answer that is a stream, in the encoding that AWS's clients read: https://smithy.io/2.0/aws/amazon-eventstream.html */
export function eventFrame(type: string, payload: object): Buffer {
	return frame({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload);
}

/** An error after the answer began, e.g. `SessionTimeoutException`. Nothing follows it. */
export function exceptionFrame(type: string, message: string): Buffer {
	return frame({ ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' }, { message });
}

/** Two lengths and their checksum, headers, payload, the checksum of all. */
function frame(names: Readonly<Record<string, string>>, payload: object): Buffer {
	const headers = Buffer.concat(Object.entries(names).map(([name, value]) => header(name, value)));
	const body = Buffer.from(JSON.stringify(payload));
	const prelude = Buffer.alloc(8);
	prelude.writeUInt32BE(headers.length + body.length + 16, 0);
	prelude.writeUInt32BE(headers.length, 4);
	const message = Buffer.concat([prelude, checksum(prelude), headers, body]);
	return Buffer.concat([message, checksum(message)]);
}

/** The type of a header's value that is text. */
const textType = 7;

function header(name: string, value: string): Buffer {
	const length = Buffer.alloc(2);
	length.writeUInt16BE(Buffer.byteLength(value));
	return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([textType]), length, Buffer.from(value)]);
}

function checksum(data: Buffer): Buffer {
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc32(data));
	return sum;
}
