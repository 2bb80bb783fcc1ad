import { createHash, randomUUID } from 'node:crypto';

/**
 * A message of Session Manager's data channel: one binary WebSocket frame. Integers are big-endian
 * (github.com/aws/session-manager-plugin, src/message/messageparser.go).
 */
export interface Message {
	readonly type: MessageType;
	/** Of `input_stream_data` and `output_stream_data`, each counted from 0. */
	readonly sequence: number;
	/** Bit 0: first message, bit 1: last. */
	readonly flags: number;
	/** A UUID. */
	readonly id: string;
	readonly payloadType: number;
	readonly payload: Buffer;
}

type MessageType = 'input_stream_data' | 'output_stream_data' | 'acknowledge' | 'channel_closed' | 'start_publication' | 'pause_publication';

/** What a stream message carries. */
export const PayloadType = {
	output: 1,
	error: 2,
	size: 3,
	parameter: 4,
	handshakeRequest: 5,
	handshakeResponse: 6,
	handshakeComplete: 7,
	encryptionChallenge: 8,
	encryptionAnswer: 9,
	flag: 10,
} as const;

/** The payload of `PayloadType.flag`: four bytes. */
export const SessionFlag = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

/** Longer pieces are never sent: AWS's clients cut their input so, and its agent its output. */
export const longestPayload = 1024;

const headerLength = 116;
const payloadAt = headerLength + 4;
const types: ReadonlySet<string> = new Set<MessageType>(['input_stream_data', 'output_stream_data', 'acknowledge', 'channel_closed', 'start_publication', 'pause_publication']);

export class MalformedMessage extends Error {}

/** @param createdAt milliseconds since the epoch */
export function encodeMessage({ type, sequence, flags, id, payloadType, payload }: Message, createdAt: number): Buffer {
	const frame = Buffer.alloc(payloadAt + payload.length);
	frame.writeUInt32BE(headerLength, 0);
	frame.write(type.padEnd(32, ' '), 4, 'latin1');
	frame.writeUInt32BE(1, 36);
	frame.writeBigUInt64BE(BigInt(createdAt), 40);
	frame.writeBigInt64BE(BigInt(sequence), 48);
	frame.writeBigUInt64BE(BigInt(flags), 56);
	swapHalves(Buffer.from(id.replaceAll('-', ''), 'hex')).copy(frame, 64);
	createHash('sha256').update(payload).digest().copy(frame, 80);
	frame.writeUInt32BE(payloadType, 112);
	frame.writeUInt32BE(payload.length, headerLength);
	payload.copy(frame, payloadAt);
	return frame;
}

/** @throws MalformedMessage where the frame is cut short, of an unknown type, or its digest is another's */
export function decodeMessage(frame: Buffer): Message {
	if (frame.length < payloadAt) throw new MalformedMessage(`a frame of ${frame.length} bytes is shorter than its header`);
	const start = frame.readUInt32BE(0) + 4;
	const length = frame.readUInt32BE(headerLength);
	if (start < payloadAt || start + length > frame.length) throw new MalformedMessage(`a frame of ${frame.length} bytes announces ${length} bytes from ${start}`);
	const payload = frame.subarray(start, start + length);
	const digest = createHash('sha256').update(payload).digest();
	if (length > 0 && !digest.equals(frame.subarray(80, 112))) throw new MalformedMessage('the digest does not fit the payload');
	return {
		type: typeOf(frame),
		sequence: Number(frame.readBigInt64BE(48)),
		flags: Number(frame.readBigUInt64BE(56)),
		id: uuidOf(swapHalves(frame.subarray(64, 80))),
		payloadType: frame.readUInt32BE(112),
		payload,
	};
}

/** The message that confirms another one. */
export function acknowledgementOf({ type, id, sequence }: Message): Message {
	const content = { AcknowledgedMessageType: type, AcknowledgedMessageId: id, AcknowledgedMessageSequenceNumber: sequence, IsSequentialMessage: true };
	return { type: 'acknowledge', sequence: 0, flags: 3, id: randomUUID(), payloadType: 0, payload: Buffer.from(JSON.stringify(content)) };
}

/** The sequence number that an acknowledgement confirms: nothing else of it is looked at by AWS's client. */
export function acknowledgedSequence({ payload }: Message): number {
	const { AcknowledgedMessageSequenceNumber: sequence } = jsonOf(payload);
	if (typeof sequence !== 'number') throw new MalformedMessage('an acknowledgement without a sequence number');
	return sequence;
}

/** @throws MalformedMessage where the payload is no JSON object */
export function jsonOf(payload: Buffer): Readonly<Record<string, unknown>> {
	try {
		const parsed: unknown = JSON.parse(payload.toString());
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
	} catch {
		// Said below.
	}
	throw new MalformedMessage('the payload is no JSON object');
}

function typeOf(frame: Buffer): MessageType {
	const name = frame.toString('latin1', 4, 36).replace(/[\0 ]+$/, '');
	if (!types.has(name)) throw new MalformedMessage(`unknown message type ${JSON.stringify(name)}`);
	return name as MessageType;
}

/** The second half of a UUID goes first over the wire. */
function swapHalves(id: Buffer): Buffer {
	return Buffer.concat([id.subarray(8), id.subarray(0, 8)]);
}

function uuidOf(bytes: Buffer): string {
	return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
