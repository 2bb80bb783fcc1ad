import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface PostgresLogin {
	readonly address: string;
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
	readonly tls: boolean;
}

/** As much of PostgreSQL's protocol (version 3.0, SCRAM-SHA-256) as these tests need; the project has no client. Closed after the test. */
export class PostgresClient {
	readonly #socket: Socket;
	#rest = Buffer.alloc(0);

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on('error', () => {}); // whoever waits for an answer gets it
	}

	static async open({ address, port, user, password, database, tls }: PostgresLogin): Promise<PostgresClient> {
		const plain = connectTcp(port, address);
		await once(plain, 'connect');
		const client = new PostgresClient(tls ? await upgraded(plain) : plain);
		onTestFinished(() => client.end());
		const parameters = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
		client.#socket.write(Buffer.concat([int32(parameters.length + 8), int32(196_608), parameters]));
		await client.#authenticate(password);
		return client;
	}

	/** The columns of the first row. */
	async query(sql: string): Promise<string[]> {
		this.#send('Q', Buffer.from(`${sql}\0`));
		let columns: string[] = [];
		for (;;) {
			const { type, body } = await this.#receive();
			if (type === 'Z') return columns;
			if (type === 'D') columns = columnsOf(body);
		}
	}

	end(): void {
		this.#socket.destroy();
	}

	async #authenticate(password: string): Promise<void> {
		await this.#receive(); // AuthenticationSASL
		const first = `n=,r=${randomBytes(18).toString('base64')}`;
		this.#send('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), int32(first.length + 3), Buffer.from(`n,,${first}`)]));
		const challenge = (await this.#receive()).body.subarray(4).toString();
		this.#send('p', Buffer.from(scramProof(password, first, challenge)));
		while ((await this.#receive()).type !== 'Z');
	}

	#send(type: string, body: Buffer): void {
		this.#socket.write(Buffer.concat([Buffer.from(type), int32(body.length + 4), body]));
	}

	async #receive(): Promise<{ type: string; body: Buffer }> {
		while (this.#rest.length < 5 || this.#rest.length < this.#rest.readInt32BE(1) + 1) {
			const [data] = (await once(this.#socket, 'data')) as [Buffer];
			this.#rest = Buffer.concat([this.#rest, data]);
		}
		const end = this.#rest.readInt32BE(1) + 1;
		const message = { type: this.#rest.toString('latin1', 0, 1), body: this.#rest.subarray(5, end) };
		this.#rest = this.#rest.subarray(end);
		if (message.type === 'E') throw new Error(message.body.toString());
		return message;
	}
}

async function upgraded(socket: Socket): Promise<Socket> {
	socket.write(Buffer.from('0000000804d2162f', 'hex'));
	await once(socket, 'data');
	const secure = connectTls({ socket, rejectUnauthorized: false });
	await once(secure, 'secureConnect');
	return secure;
}

function int32(value: number): Buffer {
	const buffer = Buffer.alloc(4);
	buffer.writeInt32BE(value);
	return buffer;
}

function columnsOf(body: Buffer): string[] {
	const columns: string[] = [];
	for (let at = 2; at < body.length; ) {
		const length = body.readInt32BE(at);
		columns.push(body.toString('utf8', at + 4, at + 4 + length));
		at += 4 + length;
	}
	return columns;
}

function scramProof(password: string, first: string, challenge: string): string {
	const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? [];
	const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
	const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
	const key = hmac(salted, 'Client Key');
	const last = `c=biws,r=${nonce}`;
	const signature = hmac(createHash('sha256').update(key).digest(), `${first},${challenge},${last}`);
	return `${last},p=${Buffer.from(key.map((byte, index) => byte ^ (signature[index] ?? 0))).toString('base64')}`;
}
