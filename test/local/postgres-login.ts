import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Login {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
}

/**
 * Logs in to PostgreSQL over TLS as libpq does with sslmode=require (protocol 3.0, SCRAM-SHA-256) and runs one query.
 * @returns the first column of its first row. @throws Error with the server's message
 */
export async function queryOverTls(login: Login, sql: string): Promise<string> {
	const plain = connect(login.port, login.host);
	await once(plain, 'connect');
	plain.write(Buffer.from('0000000804d2162f', 'hex'));
	const [offered] = (await once(plain, 'data')) as [Buffer];
	if (offered.toString() !== 'S') throw new Error(`the server does not offer TLS: ${offered.toString()}`);
	const socket = connectTls({ socket: plain, rejectUnauthorized: false });
	await once(socket, 'secureConnect');
	try {
		return await session(socket, login, sql);
	} finally {
		socket.destroy();
	}
}

/** What the server answers to somebody without TLS. */
export async function refusalWithoutTls({ host, port, user, database }: Login): Promise<string> {
	const socket = connect(port, host);
	await once(socket, 'connect');
	const messages = read(socket);
	socket.write(startup(user, database));
	try {
		await nextOf(messages, 'R');
		return 'not refused';
	} catch (error) {
		return (error as Error).message;
	} finally {
		socket.destroy();
	}
}

interface Message {
	readonly type: string;
	readonly body: Buffer;
}

async function session(socket: Socket, { user, password, database }: Login, sql: string): Promise<string> {
	const messages = read(socket);
	socket.write(startup(user, database));
	await nextOf(messages, 'R');
	const nonce = randomBytes(18).toString('base64');
	const first = `n=,r=${nonce}`;
	const initial = Buffer.from(`n,,${first}`);
	socket.write(message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), int32(initial.length), initial])));
	const challenge = (await nextOf(messages, 'R')).body.subarray(4).toString();
	const { r = '', s = '', i = '' } = Object.fromEntries(challenge.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
	const unproven = `c=biws,r=${r}`;
	socket.write(message('p', Buffer.from(`${unproven},p=${proof(password, Buffer.from(s, 'base64'), Number(i), `${first},${challenge},${unproven}`)}`)));
	await nextOf(messages, 'Z');
	socket.write(message('Q', Buffer.from(`${sql}\0`)));
	const { body } = await nextOf(messages, 'D');
	return body.subarray(6, 6 + body.readInt32BE(2)).toString();
}

function proof(password: string, salt: Buffer, rounds: number, conversation: string): string {
	const client = createHmac('sha256', pbkdf2Sync(password, salt, rounds, 32, 'sha256')).update('Client Key').digest();
	const signature = createHmac('sha256', createHash('sha256').update(client).digest()).update(conversation).digest();
	return Buffer.from(client.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
}

async function* read(socket: Socket): AsyncGenerator<Message, undefined> {
	let rest = Buffer.alloc(0);
	for await (const chunk of socket as AsyncIterable<Buffer>) {
		rest = Buffer.concat([rest, chunk]);
		while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
			const end = 1 + rest.readInt32BE(1);
			yield { type: rest.toString('latin1', 0, 1), body: rest.subarray(5, end) };
			rest = rest.subarray(end);
		}
	}
	return undefined;
}

async function nextOf(messages: AsyncGenerator<Message, undefined>, type: string): Promise<Message> {
	for (;;) {
		const { value } = await messages.next();
		if (!value) throw new Error('the server closed the connection');
		if (value.type === 'E') throw new Error(value.body.toString().split('\0').find((field) => field.startsWith('M'))?.slice(1));
		if (value.type === type) return value;
	}
}

function startup(user: string, database: string): Buffer {
	const body = Buffer.concat([int32(196_608), Buffer.from(`user\0${user}\0database\0${database}\0\0`)]);
	return Buffer.concat([int32(body.length + 4), body]);
}

function message(type: string, body: Buffer): Buffer {
	return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32BE(value);
	return bytes;
}
