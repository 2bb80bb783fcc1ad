import { version } from '../package.ts';

/** The part of every SDK v3 client that we use. */
interface AnyClient {
	send(...args: never[]): unknown;
	destroy(): void;
}

export interface Connection {
	readonly region: string;
	/** Where all services are reached instead of AWS; absent for a real account. */
	readonly endpoint?: string;
	/** A profile of the user's AWS configuration. */
	readonly profile?: string;
	/** Fixed credentials; absent: the SDK's default chain. */
	readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

/** Who and where we are, and one client per service, all with the same region, credentials, retries and user agent. */
export interface Aws {
	readonly account: string;
	readonly region: string;
	/** `aws`, `aws-cn`, `aws-us-gov` …: from the caller's ARN, never written by hand. */
	readonly partition: string;
	readonly endpoint: string | undefined;
	/** The shared client of one service: `aws.client(EC2Client).send(new CreateVpcCommand(…))`. */
	client<C extends AnyClient>(type: new (config: never) => C): C;
	/** The same for create calls that AWS would carry out twice: only one that was throttled, and so did nothing, is sent again. */
	cautious<C extends AnyClient>(type: new (config: never) => C): C;
}

/** Calls as they are sent: for `--verbose`, and for tests that count or refuse calls. */
export interface CallObserver {
	(call: { service: string; operation: string }): void | Promise<void>;
}

/**
 * Clients are made on first use from their constructor, so a command loads only those it imports.
 * @param identity account and partition, from `sts:GetCallerIdentity`
 */
export function awsClients(connection: Connection, identity: { account: string; partition: string }, observe?: CallObserver): Aws {
	const pool = (prepare: (client: AnyClient) => void): Aws['client'] => {
		const clients = new Map<unknown, AnyClient>();
		return (type) => {
			const known = clients.get(type);
			if (known) return known as InstanceType<typeof type>;
			const client = new type(settings(connection) as never);
			prepare(client);
			if (observe) observeCalls(client, observe);
			clients.set(type, client);
			return client;
		};
	};
	return { ...identity, region: connection.region, endpoint: connection.endpoint, client: pool(() => {}), cautious: pool(retryOnlyThrottled) };
}

/** The constructor argument of every SDK client. */
export function settings({ region, endpoint, profile, credentials }: Connection): object {
	return {
		region,
		maxAttempts: 8,
		customUserAgent: [['airflow-deploy', version]],
		...(profile === undefined ? {} : { profile }),
		...(credentials === undefined ? {} : { credentials }),
		// Host prefixes (StartLiveTail) and bucket host names do not exist below an endpoint URL.
		...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, disableHostPrefix: true }),
	};
}

interface Observable {
	middlewareStack: { add(middleware: (next: Next, context: { clientName?: string; commandName?: string }) => Next, options: object): void };
}
type Next = (args: object) => Promise<object>;

function observeCalls(client: AnyClient, observe: CallObserver): void {
	(client as unknown as Observable).middlewareStack.add(
		(next, context) => async (args) => {
			await observe({
				service: (context.clientName ?? '').replace(/Client$/, ''),
				operation: (context.commandName ?? '').replace(/Command$/, ''),
			});
			return next(args);
		},
		{ step: 'initialize', name: 'observeCalls' },
	);
}

/** The part of the SDK's retry strategies that its retry middleware calls. */
interface RetryStrategy {
	acquireInitialRetryToken(scope: string): Promise<object>;
	refreshRetryTokenForRetry(token: object, failure: { errorType: string }): Promise<object>;
	recordSuccess(token: object): void;
}

/** After a 5xx or a broken connection nobody knows whether AWS has done what was asked. */
function retryOnlyThrottled(client: AnyClient): void {
	const { config } = client as unknown as { config: { retryStrategy: () => Promise<RetryStrategy> } };
	const standard = config.retryStrategy;
	config.retryStrategy = async () => {
		const strategy = await standard();
		return {
			acquireInitialRetryToken: (scope) => strategy.acquireInitialRetryToken(scope),
			recordSuccess: (token) => strategy.recordSuccess(token),
			async refreshRetryTokenForRetry(token, failure) {
				if (failure.errorType !== 'THROTTLING') throw new Error('an unclear create call is not sent again');
				return strategy.refreshRetryTokenForRetry(token, failure);
			},
		};
	};
}
