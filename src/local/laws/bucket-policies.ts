import type { Call } from '../front/call.ts';
import type { Answer } from '../front/failure.ts';
import { bucketAndKey } from '../front/operations.ts';

interface PolicyDocument {
	Statement?: { Condition?: unknown }[];
}

/** Bucket policies as they were put: moto enforces them without their conditions, so it must not see those that have any. */
export class BucketPolicies {
	readonly #documents = new Map<string, Buffer>();

	/** Before a policy is put: remembers it, and leaves moto the statements without conditions. */
	keep(call: Call): void {
		if (!call.url.searchParams.has('policy') || !call.body) return;
		this.#documents.set(bucketOf(call), call.body);
		const document = parse(call.body);
		if (!document?.Statement) return;
		call.body = Buffer.from(JSON.stringify({ ...document, Statement: document.Statement.filter(({ Condition }) => Condition === undefined) }));
	}

	/** After a policy was asked for: the one that was put. */
	show(call: Call, answer: Answer): Answer {
		const document = this.#documents.get(bucketOf(call));
		return answer.status === 200 && document ? { ...answer, body: document } : answer;
	}
}

function bucketOf({ url }: Call): string {
	return bucketAndKey(url).bucket;
}

function parse(body: Buffer): PolicyDocument | undefined {
	try {
		return JSON.parse(body.toString()) as PolicyDocument;
	} catch {
		return undefined;
	}
}
