import type { IncomingMessage, ServerResponse } from 'node:http';
import { everyOperation, type Law, type Laws } from '../account.ts';
import type { Moto } from '../moto.ts';
import type { Call } from './call.ts';
import { type Answer, AwsError, failureAnswer } from './failure.ts';
import { Turns } from './turns.ts';

/** The services whose books moto keeps, each behind its laws. */
export class Services {
	readonly #moto: Moto;
	readonly #laws: Readonly<Record<string, Laws>>;
	readonly #turns = new Turns();

	constructor(moto: Moto, laws: Readonly<Record<string, Laws>>) {
		this.#moto = moto;
		this.#laws = laws;
	}

	/**
	 * One call of a service after the other, so that nothing changes between a law's check and what it allowed; S3 is the
	 * exception: parallel calls are what its laws are about.
	 */
	answer(call: Call): Promise<Answer> {
		const answered = (): Promise<Answer> => this.#lawfully(call);
		return call.service === 's3' ? answered() : this.#turns.take(call.service, answered);
	}

	/** An object of S3, whose body is too large to be kept. Writes the answer itself, unless it throws. */
	async stream(call: Call, incoming: IncomingMessage, outgoing: ServerResponse, headers: Readonly<Record<string, string>>): Promise<void> {
		await this.#laws['s3']?.[everyOperation]?.before?.(call);
		// Conditional writes of one bucket must not overtake each other between moto's look and its write.
		const passed = (): Promise<void> => this.#moto.pipe(call, incoming, outgoing, headers);
		const conditional = call.headers['if-none-match'] !== undefined || call.headers['if-match'] !== undefined;
		await (conditional && call.method === 'PUT' ? this.#turns.take(`s3${call.url.pathname}`, passed) : passed());
	}

	async #lawfully(call: Call): Promise<Answer> {
		const laws = this.#laws[call.service] ?? {};
		const general = ownLaw(laws, everyOperation);
		const law = ownLaw(laws, call.operation);
		try {
			await general?.before?.(call);
			const instead = await law?.before?.(call);
			if (instead) return instead;
		} catch (error) {
			if (error instanceof AwsError) return failureAnswer(call.protocol, error);
			throw error;
		}
		const answer = await this.#execute(call, law);
		return general?.after ? general.after(call, answer) : answer;
	}

	async #execute(call: Call, law: Law | undefined): Promise<Answer> {
		const answer = await this.#moto.send(call).catch((error: unknown) => {
			if (error instanceof AwsError) return failureAnswer(call.protocol, error);
			throw error;
		});
		return law?.after ? law.after(call, answer) : answer;
	}
}

/** Operations are named by clients: `constructor` is no law. */
function ownLaw(laws: Laws, name: string): Law | undefined {
	return Object.hasOwn(laws, name) ? laws[name] : undefined;
}
