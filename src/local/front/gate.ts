import type { Access, Judged } from '../access/access.ts';
import type { Caller, Callers } from '../access/callers.ts';
import type { Known, RequestModels } from '../models/request-models.ts';
import type { Call } from './call.ts';
import { type Decision, type RequestRecord, violationText } from './request-record.ts';

/** Who the account knows, and what they may do; absent without `--iam`. */
export interface Guard {
	readonly callers: Callers;
	readonly access?: Access | undefined;
}

interface Needs {
	readonly models: RequestModels;
	readonly record: RequestRecord;
	/** Of the account as it is now. */
	readonly guard: () => Guard;
	readonly log: (line: string) => void;
}

/** What every request passes before a service sees it. */
export class Gate {
	readonly #needs: Needs;

	constructor(needs: Needs) {
		this.#needs = needs;
	}

	/**
	 * @returns the caller's ARN, where the account knows the key
	 * @throws AwsError for a request that AWS would refuse whatever the state of what it is about
	 */
	async pass(call: Call): Promise<string | undefined> {
		const { models, guard, log } = this.#needs;
		const known = await models.read(call);
		const { access, callers } = guard();
		const judged = await access?.judge(call, known ?? { operation: call.operation, request: {} });
		this.#note(call, known, judged);
		if (judged?.refused) throw judged.refused;
		if (known?.refused) {
			log(`${call.service} ${known.operation} refused, it is not what the service model allows: ${known.violations.map(violationText).join('; ')}`);
			throw known.refused;
		}
		return judged?.caller.arn ?? callers.known(call.accessKey)?.arn;
	}

	/** What a service does as a role. */
	noteRole({ arn }: Caller, decision: Decision): void {
		this.#needs.record.note({ service: decision.action.split(':')[0] ?? '', operation: '', userAgent: '', violations: [], caller: arn, decisions: [decision] });
	}

	#note({ service, operation, headers }: Call, known: Known | undefined, judged: Judged | undefined): void {
		const decided = judged && { caller: judged.caller.arn, decisions: judged.decisions };
		this.#needs.record.note({ service, operation: known?.operation ?? operation, userAgent: headers['user-agent'] ?? '', violations: (known?.violations ?? []).map(violationText), ...decided });
	}
}
