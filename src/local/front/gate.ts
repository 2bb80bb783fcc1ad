import type { RequestModels } from '../models/request-models.ts';
import type { Call } from './call.ts';
import { type RequestRecord, violationText } from './request-record.ts';

/** What every request passes before a service sees it. */
export class Gate {
	readonly #models: RequestModels;
	readonly #record: RequestRecord;
	readonly #log: (line: string) => void;

	constructor(models: RequestModels, record: RequestRecord, log: (line: string) => void) {
		this.#models = models;
		this.#record = record;
		this.#log = log;
	}

	/** @throws AwsError for a request that AWS would refuse whatever the state of the account */
	async pass(call: Call): Promise<void> {
		const known = await this.#models.read(call);
		if (!known) return;
		const { operation, refused } = known;
		const violations = known.violations.map(violationText);
		this.#record.note({ service: call.service, operation, userAgent: call.headers['user-agent'] ?? '', violations });
		if (!refused) return;
		this.#log(`${call.service} ${operation} refused, it is not what the service model allows: ${violations.join('; ')}`);
		throw refused;
	}
}
