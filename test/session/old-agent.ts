import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SessionAddress } from '../../src/session/connect.ts';
import { acknowledgementOf, decodeMessage, encodeMessage, longestPayload, PayloadType } from '../../src/session/message.ts';

/** Sessions of an agent of version 3.0.196.0: each is one connection, whose bytes are the payloads (amazon-ssm-agent, port_basic.go). */
export async function oldAgent(port: number): Promise<{ readonly start: () => Promise<SessionAddress>; sessions(): number }> {
	const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
	await once(server, 'listening');
	onTestFinished(() => {
		for (const socket of server.clients) socket.terminate();
		server.close();
	});
	let sessions = 0;
	server.on('connection', (socket) => {
		sessions++;
		socket.once('message', () => serve(socket, () => connect({ port, host: '127.0.0.1' })));
	});
	const streamUrl = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return { start: () => Promise.resolve({ sessionId: 'old', streamUrl, tokenValue: 'token' }), sessions: () => sessions };
}

function serve(client: WebSocket, dial: () => Socket): void {
	let sequence = 0;
	let target: Socket | undefined;
	const send = (payloadType: number, payload: Buffer): void => client.send(encodeMessage({ type: 'output_stream_data', sequence: sequence++, flags: 0, id: '00000000-0000-4000-8000-000000000000', payloadType, payload }, Date.now()));
	const begin = (): void => {
		send(PayloadType.handshakeComplete, Buffer.from('{}'));
		target = dial();
		target.on('error', () => {});
		target.on('data', (bytes: Buffer) => {
			for (let start = 0; start < bytes.length; start += longestPayload) send(PayloadType.output, bytes.subarray(start, start + longestPayload));
		});
		target.on('close', () => client.close());
	};
	client.on('message', (data: Buffer) => {
		const message = decodeMessage(data);
		if (message.type !== 'input_stream_data') return;
		client.send(encodeMessage(acknowledgementOf(message), Date.now()));
		if (message.payloadType === PayloadType.handshakeResponse) begin();
		if (message.payloadType === PayloadType.output) target?.write(message.payload);
		if (message.payloadType === PayloadType.flag) target?.destroy();
	});
	client.on('close', () => target?.destroy());
	const action = { ActionType: 'SessionType', ActionParameters: { SessionType: 'Port', Properties: { portNumber: '1', type: 'LocalPortForwarding' } } };
	send(PayloadType.handshakeRequest, Buffer.from(JSON.stringify({ AgentVersion: '3.0.196.0', RequestedClientActions: [action] })));
}
