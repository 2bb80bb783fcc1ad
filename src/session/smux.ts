import { MalformedMessage } from './message.ts';

/** Commands of smux, version 1, which the agent and its clients run TCP connections over (github.com/xtaci/smux, frame.go). */
export const MuxCommand = { open: 0, close: 1, data: 2, keepAlive: 3 } as const;

export interface MuxFrame {
	readonly command: number;
	/** The client's are odd, from 3; a keep-alive has 0. */
	readonly stream: number;
	readonly payload: Buffer;
}

const version = 1;
const headerLength = 8;
/** As long as smux sends them by default (MaxFrameSize); its length field could hold 65,535. */
const longestFrame = 32_768;
const nothing = Buffer.alloc(0);

/** Unlike those of the data channel, integers are little-endian. */
export function muxFrame(command: number, stream: number, payload: Buffer = nothing): Buffer {
	const frame = Buffer.alloc(headerLength + payload.length);
	frame.writeUInt8(version, 0);
	frame.writeUInt8(command, 1);
	frame.writeUInt16LE(payload.length, 2);
	frame.writeUInt32LE(stream, 4);
	payload.copy(frame, headerLength);
	return frame;
}

/** Data in as many frames as it takes. */
export function muxData(stream: number, bytes: Buffer): Buffer {
	const frames: Buffer[] = [];
	for (let start = 0; start < bytes.length; start += longestFrame) frames.push(muxFrame(MuxCommand.data, stream, bytes.subarray(start, start + longestFrame)));
	return Buffer.concat(frames);
}

/** Finds the frames in bytes that come in whatever pieces. */
export class MuxReader {
	#rest: Buffer = nothing;

	/** @throws MalformedMessage for another version of the protocol */
	push(bytes: Buffer): MuxFrame[] {
		const frames: MuxFrame[] = [];
		this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
		for (let frame = this.#first(); frame !== undefined; frame = this.#first()) {
			frames.push(frame);
			this.#rest = this.#rest.subarray(headerLength + frame.payload.length);
		}
		return frames;
	}

	#first(): MuxFrame | undefined {
		const bytes = this.#rest;
		if (bytes.length < headerLength) return undefined;
		if (bytes.readUInt8(0) !== version) throw new MalformedMessage(`version ${bytes.readUInt8(0)} of smux`);
		const end = headerLength + bytes.readUInt16LE(2);
		if (bytes.length < end) return undefined;
		return { command: bytes.readUInt8(1), stream: bytes.readUInt32LE(4), payload: bytes.subarray(headerLength, end) };
	}
}
