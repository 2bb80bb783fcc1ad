import { AwsError } from '../front/failure.ts';
import { filterOf } from './filter-pattern.ts';
import { tailLimits, type TailRequest, TailSession } from './session.ts';

/** What PutLogEvents brought. */
export interface Put {
	readonly region: string;
	readonly group: string;
	readonly stream: string;
	readonly events: readonly { readonly timestamp: number; readonly message: string }[];
}

interface Tail {
	readonly session: TailSession;
	readonly wants: (put: Put) => boolean;
	readonly lets: (message: string) => boolean;
}

/** Quota of an account in a region (CloudWatch Logs quotas). */
const mostSessions = 15;
const mostGroups = 10;

/** The sessions of StartLiveTail that are open. */
export class LiveTails {
	readonly #account: string;
	readonly #open = new Set<Tail & { readonly region: string }>();

	/** @param account 12 digits */
	constructor(account: string) {
		this.#account = account;
	}

	/**
	 * Begins a session; what is put from now on is in it.
	 * @throws AwsError as AWS refuses it
	 */
	begin(region: string, request: TailRequest, milliseconds: number = tailLimits.sessionMilliseconds): TailSession {
		const groups = this.groupsOf(region, request);
		const { logStreamNames: names, logStreamNamePrefixes: prefixes, logEventFilterPattern: pattern = '' } = request;
		if (names && prefixes) throw invalid('LogStreamNames and LogStreamNamePrefixes cannot both be specified.');
		if ((names ?? prefixes) && groups.length > 1) throw invalid('LogStreamNames and LogStreamNamePrefixes can be specified with a single log group only.');
		if ([...this.#open].filter((tail) => tail.region === region).length >= mostSessions) throw new AwsError('LimitExceededException', `The limit of ${mostSessions} concurrent Live Tail sessions has been reached.`);
		const lets = filterOf(pattern);
		const session = new TailSession(request, milliseconds);
		const wants = (put: Put): boolean => put.region === region && groups.includes(put.group) && (names?.includes(put.stream) ?? prefixes?.some((prefix) => put.stream.startsWith(prefix)) ?? true);
		const tail = { region, session, wants, lets };
		this.#open.add(tail);
		session.once('close', () => this.#open.delete(tail));
		return session;
	}

	/** The names of the log groups of a session. @throws AwsError unless each is an ARN of this account and region */
	groupsOf(region: string, { logGroupIdentifiers }: TailRequest): string[] {
		if (logGroupIdentifiers.length === 0 || logGroupIdentifiers.length > mostGroups) throw invalid(`1 validation error detected: Value at 'logGroupIdentifiers' failed to satisfy constraint: Member must have length between 1 and ${mostGroups}`);
		return logGroupIdentifiers.map((identifier) => {
			const name = new RegExp(`^arn:[\\w-]+:logs:${region}:${this.#account}:log-group:([^:*]+)$`).exec(identifier)?.[1];
			if (name === undefined) throw invalid(`The specified log group identifier is not a valid ARN: ${identifier}`);
			return name;
		});
	}

	put(put: Put): void {
		for (const { session, wants, lets } of this.#open) {
			if (!wants(put)) continue;
			const common = { logGroupIdentifier: `${this.#account}:${put.group}`, logStreamName: put.stream, ingestionTime: Date.now() };
			session.add(put.events.filter(({ message }) => lets(message)).map(({ timestamp, message }) => ({ ...common, timestamp, message })));
		}
	}

	/** Breaks all sessions off. */
	endAll(): void {
		for (const { session } of this.#open) session.destroy();
	}
}

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
