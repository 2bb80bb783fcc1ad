import { randomBytes } from 'node:crypto';
import type { Clock } from '../ecs/dependencies.ts';
import type { RunningContainer } from '../ecs/runtime.ts';
import { Session, type Work } from './session.ts';

/** Of one container at the same time. */
export const mostSessions = 2;

/** What a client needs to reach its session. */
export interface SessionAddress {
	readonly sessionId: string;
	readonly streamUrl: string;
	readonly tokenValue: string;
}

interface Known {
	readonly session: Session;
	readonly container: RunningContainer;
	token: string;
}

export interface SessionRequest {
	/** What the id begins with, e.g. `ecs-execute-command`. */
	readonly name: string;
	readonly container: RunningContainer;
	readonly work: Work;
}

/** All sessions of this endpoint. */
export class Sessions {
	readonly #clock: Clock;
	readonly #endpointUrl: string;
	readonly #known = new Map<string, Known>();

	/** @param endpointUrl no trailing slash */
	constructor(clock: Clock, endpointUrl: string) {
		this.#clock = clock;
		this.#endpointUrl = endpointUrl;
	}

	/** @returns undefined where the container has as many sessions as it may */
	open({ name, container, work }: SessionRequest): SessionAddress | undefined {
		if ([...this.#known.values()].filter((each) => each.container === container).length >= mostSessions) return undefined;
		const id = `${name}-${randomBytes(9).toString('hex').slice(1)}`;
		const session = new Session({ id, clock: this.#clock, work, exited: container.exited, onEnd: () => this.#known.delete(id) });
		const known = { session, container, token: newToken() };
		this.#known.set(id, known);
		return this.#address(id, known);
	}

	/** A new token for a client that lost its connection; undefined where the session is over. */
	resume(id: string): SessionAddress | undefined {
		const known = this.#known.get(id);
		if (known === undefined) return undefined;
		known.token = newToken();
		return this.#address(id, known);
	}

	/** @returns whether there was such a session */
	terminate(id: string): boolean {
		const known = this.#known.get(id);
		known?.session.end();
		return known !== undefined;
	}

	/** The session that a client may connect to. */
	admitted(id: string, token: string): Session | undefined {
		const known = this.#known.get(id);
		return known?.token === token ? known.session : undefined;
	}

	has(id: string): boolean {
		return this.#known.has(id);
	}

	/** On AWS: `wss://ssmmessages.<region>.amazonaws.com/v1/data-channel/…`. */
	#address(id: string, { token }: Known): SessionAddress {
		const url = `${this.#endpointUrl.replace(/^http/, 'ws')}/v1/data-channel/${id}?role=publish_subscribe`;
		return { sessionId: id, streamUrl: url, tokenValue: token };
	}
}

const newToken = (): string => randomBytes(96).toString('base64');
