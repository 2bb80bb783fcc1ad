import type { Aws } from './clients.ts';

interface Sent {
	readonly constructor: { readonly name: string };
	readonly input: object;
}

interface Sender {
	send(command: Sent, ...rest: unknown[]): Promise<unknown>;
}

/**
 * The same account, where a read that is asked for again is answered by the first one: several objects are often seen in one
 * answer, as routes and associations are in that of their table. For one look only: it answers from what it saw.
 */
export function sharedReads(aws: Aws): Aws {
	const answers = new Map<unknown, Map<string, Promise<unknown>>>();
	return {
		...aws,
		client: (type) => {
			const client = aws.client(type);
			const known = answers.get(type) ?? new Map<string, Promise<unknown>>();
			answers.set(type, known);
			return sharing(client as unknown as Sender, known) as unknown as typeof client;
		},
	};
}

function sharing(client: Sender, known: Map<string, Promise<unknown>>): Sender {
	const send = (command: Sent, ...rest: unknown[]): Promise<unknown> => {
		const { name } = command.constructor;
		// What GetObject answers is a stream, which can be read once.
		if (!/^(Describe|List)/.test(name)) return client.send(command, ...rest);
		const key = `${name} ${JSON.stringify(command.input)}`;
		const answer = known.get(key) ?? client.send(command, ...rest);
		known.set(key, answer);
		return answer;
	};
	return new Proxy(client, { get: (target, property) => (property === 'send' ? send : Reflect.get(target, property)) });
}
