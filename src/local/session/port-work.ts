import type { Duplex } from 'node:stream';
import { MalformedMessage, SessionFlag } from '../../session/message.ts';
import { MultiplexedSockets } from '../../session/multiplexed-sockets.ts';
import type { RunningContainer } from '../ecs/runtime.ts';
import type { Session, Work } from './session.ts';

/** Parameters of the documents that forward ports. */
export interface ForwardedPort {
	/** As seen in the container. */
	readonly host: string;
	/** Digits. */
	readonly portNumber: string;
	/** What the client opens; 0: a free one. */
	readonly localPortNumber: string;
}

/** Connections to a port, as the agent makes them (github.com/aws/amazon-ssm-agent, agent/session/plugins/port/port_mux.go). */
export class PortWork implements Work {
	readonly sessionType;
	readonly #container: RunningContainer;
	readonly #port: ForwardedPort;
	#session: Session | undefined;
	#mux: MultiplexedSockets | undefined;

	constructor(container: RunningContainer, port: ForwardedPort) {
		this.#container = container;
		this.#port = port;
		const { portNumber, localPortNumber } = port;
		this.sessionType = { SessionType: 'Port', Properties: { portNumber, localPortNumber, type: 'LocalPortForwarding' } };
	}

	begin(session: Session): void {
		this.#session = session;
		const carrier = { send: (bytes: Buffer) => session.output(bytes), room: () => session.room(), hold: () => session.hold(), release: () => session.release() };
		this.#mux = new MultiplexedSockets({
			carrier,
			opened: (stream) => this.#connect(stream),
			// The agent knows no half-closed connections.
			end: (socket) => void socket.end(() => socket.destroy()),
		});
	}

	typed(bytes: Buffer): void {
		try {
			this.#mux?.receive(bytes);
		} catch (error) {
			if (!(error instanceof MalformedMessage)) throw error;
			this.#session?.end();
		}
	}

	resized(): void {}

	end(): void {
		this.#mux?.destroy();
	}

	#connect(stream: number): void {
		const socket: Duplex = this.#container.connect(this.#port.host, Number(this.#port.portNumber));
		const refused = (): void => this.#session?.flag(SessionFlag.connectToPortError);
		socket.once('error', refused).once('connect', () => socket.off('error', refused));
		this.#mux?.attach(stream, socket);
	}
}
