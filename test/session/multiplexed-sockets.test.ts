import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { array, assert, constantFrom, integer, nat, property, record, uint8Array } from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MultiplexedSockets } from '../../src/session/multiplexed-sockets.ts';
import { MuxCommand, muxData, muxFrame, type MuxFrame, MuxReader } from '../../src/session/smux.ts';

test('frames are found again, in whatever pieces they come', () => {
	assert(
		property(array(record({ command: constantFrom(...Object.values(MuxCommand)), stream: nat(), payload: uint8Array({ maxLength: 300 }) })), integer({ min: 1, max: 50 }), (frames, size) => {
			const bytes = Buffer.concat(frames.map(({ command, stream, payload }) => muxFrame(command, stream, Buffer.from(payload))));
			const reader = new MuxReader();
			const found: MuxFrame[] = [];
			for (let start = 0; start < bytes.length; start += size) found.push(...reader.push(bytes.subarray(start, start + size)));
			expect(found.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] }))).toEqual(frames.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] })));
		}),
	);
});

test('the layout is that of smux, version 1', () => {
	expect(muxFrame(MuxCommand.data, 3, Buffer.from('ab')).toString('hex')).toBe('01020200030000006162');
	expect(new MuxReader().push(muxData(3, Buffer.alloc(70_000))).map(({ payload }) => payload.length)).toEqual([32_768, 32_768, 4464]);
	expect(() => new MuxReader().push(Buffer.from('SSH-2.0-OpenSSH'))).toThrow('version 83 of smux');
});

/** Two ends of a connection on this machine. */
async function pair(): Promise<[Socket, Socket]> {
	const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
	const [near] = (await once(server, 'connection')) as [Socket];
	onTestFinished(() => {
		for (const socket of [near, far]) socket.destroy();
		server.close();
	});
	return [near, far];
}

test('who has nothing more to say still hears what comes', async () => {
	const sent: MuxFrame[] = [];
	const reader = new MuxReader();
	const carrier = { send: (bytes: Buffer) => void sent.push(...reader.push(bytes)), room: () => Promise.resolve(true), hold() {}, release() {} };
	const mux = new MultiplexedSockets({ carrier, opened() {}, end: (socket) => socket.end() });
	const [near, far] = await pair();
	mux.open(near);
	far.end('question');
	await vi.waitFor(() => expect(sent.map(({ command, stream, payload }) => [command, stream, payload.toString()])).toEqual([[MuxCommand.open, 3, ''], [MuxCommand.data, 3, 'question'], [MuxCommand.close, 3, '']]));
	mux.receive(Buffer.concat([muxData(3, Buffer.from('answer')), muxFrame(MuxCommand.close, 3)]));
	const heard: Buffer[] = [];
	for await (const bytes of far as AsyncIterable<Buffer>) heard.push(bytes);
	expect(Buffer.concat(heard).toString()).toBe('answer');
	await vi.waitFor(() => expect(mux.size).toBe(0));
	expect(sent).toHaveLength(3);
});
