import { Socket } from 'node:net';

/**
 * A connection that somebody else makes: the first byte says whether it succeeded, 0, and is no part of what is carried.
 * To who holds the socket it is connected, or failed, only then; what is written before waits.
 */
export class InsideConnection extends Socket {
	#made = false;

	override emit(event: string | symbol, ...given: unknown[]): boolean {
		if (this.#made) return super.emit(event, ...given);
		switch (event) {
			case 'connect':
			case 'ready':
				this.resume();
				return true;
			case 'data':
				this.#answered(given[0] as Buffer);
				return true;
			case 'end':
				this.#refused();
				return true;
			default:
				return super.emit(event, ...given);
		}
	}

	#answered(bytes: Buffer): void {
		if (bytes[0] !== 0) return this.#refused();
		this.#made = true;
		const first = bytes.subarray(1);
		if (this.listenerCount('data') === 0) {
			// Nobody reads yet.
			this.pause();
			this.unshift(first);
			super.emit('connect');
			return;
		}
		super.emit('connect');
		if (first.length > 0) super.emit('data', first);
	}

	#refused(): void {
		this.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
	}
}
