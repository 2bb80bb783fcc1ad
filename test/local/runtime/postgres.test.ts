import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { releaseAddress, takeAddress } from '../../../src/local/runtime/addresses.ts';
import { installer } from '../../../src/local/runtime/installer.ts';
import { answersTls, type Postgres, type PostgresOptions, startPostgres } from '../../../src/local/runtime/postgres.ts';
import { postgresHome, postgresProgram } from '../../../src/local/runtime/postgres-program.ts';
import { python } from './support.ts';

let base: string;
let home: string;
let options: PostgresOptions;

beforeAll(async () => {
	base = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	home = await postgresHome(base);
	const program = await postgresProgram(installer(() => {}, { ...process.env, XDG_CACHE_HOME: join(base, 'cache') }), home);
	const address = (await takeAddress([5432])) ?? '';
	options = { program, python, dataDirectory: join(home, 'data', 'main'), address, port: 5432, user: 'airflow', password: 'it\'s "quoted" $1 \\n', database: 'airflow', tls: true };
});

afterAll(async () => {
	releaseAddress(options.address);
	await rm(base, { recursive: true, force: true });
	await rm(home, { recursive: true, force: true });
});

async function started(changes: Partial<PostgresOptions> = {}): Promise<Postgres> {
	const postgres = await startPostgres({ ...options, ...changes });
	onTestFinished(() => postgres.stop());
	return postgres;
}

test('the master user logs in over TLS, owns the database and is no superuser', async () => {
	await started();
	expect(await answersTls(options.address, 5432)).toBe(true);
	const client = await Client.open(options);
	expect(await client.query('SELECT current_user, current_database(), rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual(['airflow', 'airflow', 'f']);
	await client.query('CREATE TABLE kept (i int); INSERT INTO kept VALUES (7)');
	client.end();
});

test('data survive a stop and a start', async () => {
	const first = await started();
	await first.stop();
	expect(await first.exited).toBe(0);
	expect(await answersTls(options.address, 5432)).toBe(false);
	await started();
	const client = await Client.open(options);
	expect(await client.query('SELECT i FROM kept')).toEqual(['7']);
	client.end();
});

test('connections without TLS are refused, with the words of RDS', async () => {
	await started();
	await expect(Client.open({ ...options, tls: false })).rejects.toThrow(/no pg_hba.conf entry for host .*, user "airflow", database "airflow", no encryption/);
});

test('a wrong password is refused', async () => {
	await started();
	await expect(Client.open({ ...options, password: 'wrong' })).rejects.toThrow(/password authentication failed/);
});

test('without TLS it takes plain connections', async () => {
	await started({ tls: false, dataDirectory: join(home, 'data', 'plain'), database: 'postgres' });
	expect(await answersTls(options.address, 5432)).toBe(false);
	const client = await Client.open({ ...options, tls: false, database: 'postgres' });
	expect(await client.query('SHOW max_connections')).toEqual(['100']);
	client.end();
});

test('an initialisation that was interrupted is begun anew', async () => {
	const dataDirectory = join(home, 'data', 'interrupted');
	await mkdir(dataDirectory, { recursive: true });
	await writeFile(join(dataDirectory, 'PG_VERSION'), '15\n');
	await started({ dataDirectory });
	expect(await answersTls(options.address, 5432)).toBe(true);
});

test('a taken port is an error with what PostgreSQL says', async () => {
	const server = createServer().listen(5432, options.address);
	onTestFinished(() => void server.close());
	await once(server, 'listening');
	await expect(startPostgres(options)).rejects.toThrow(/Address already in use/);
});

test('it leaves nothing outside its directory: no socket, no files in /dev/shm', async () => {
	await started();
	const client = await Client.open(options);
	const settings = ['unix_socket_directories', 'dynamic_shared_memory_type'].map((name) => `current_setting('${name}')`);
	expect(await client.query(`SELECT ${settings.join(', ')}`)).toEqual(['', 'mmap']);
	client.end();
});

/** As much of PostgreSQL's protocol (version 3.0, SCRAM-SHA-256) as these tests need; the project has no client. */
class Client {
	readonly #socket: Socket;
	#rest = Buffer.alloc(0);

	private constructor(socket: Socket) {
		this.#socket = socket;
	}

	static async open({ address, port, user, password, database, tls }: PostgresOptions): Promise<Client> {
		const plain = connectTcp(port, address);
		await once(plain, 'connect');
		const client = new Client(tls ? await upgraded(plain) : plain);
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
