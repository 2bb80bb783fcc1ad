import type { Account, Laws } from '../account.ts';
import { type Call, json, type JsonRecord, memberOf } from '../front/call.ts';
import { type Answer, AwsError, jsonAnswer } from '../front/failure.ts';

/** Certificates that are issued once their validation records stand in a zone, and stay while something uses them. */
export function acmLaws({ certificates, balancers, id }: Account): Laws {
	const arnIn = (call: Call): string => memberOf(json(call), 'CertificateArn') ?? '';

	return {
		RequestCertificate: {
			before(call) {
				const { DomainName, IdempotencyToken } = json(call);
				if (typeof DomainName === 'string' && DomainName.length > 64) throw new AwsError('ValidationException', 'The first domain name can be no longer than 64 characters.');
				if (typeof IdempotencyToken === 'string' && !/^\w{1,32}$/.test(IdempotencyToken)) throw new AwsError('ValidationException', `1 validation error detected: Value '${IdempotencyToken}' at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+`);
			},
			after(_call, answer) {
				if (answer.status === 200) certificates.requested(memberOf(bodyOf(answer), 'CertificateArn') ?? '');
				return answer;
			},
		},
		ImportCertificate: {
			after(call, answer) {
				const { Certificate, CertificateChain, PrivateKey } = json(call);
				if (answer.status === 200) certificates.imported(memberOf(bodyOf(answer), 'CertificateArn') ?? '', { certificate: decoded(Certificate) + decoded(CertificateChain), key: decoded(PrivateKey) });
				return answer;
			},
		},
		DescribeCertificate: {
			async after(_call, answer) {
				if (answer.status !== 200) return answer;
				return changed(answer, { Certificate: await certificates.complete(bodyOf(answer)['Certificate'] as JsonRecord) });
			},
		},
		ListCertificates: {
			// moto would filter by states that it does not know.
			async before(call) {
				const wanted = json(call)['CertificateStatuses'] as string[] | undefined;
				const all = await certificates.list(call.region);
				return jsonAnswer(200, { CertificateSummaryList: all.filter(({ Status }) => wanted?.includes(Status as string) ?? true).map(summaryOf) });
			},
		},
		GetCertificate: {
			async before(call) {
				if (!(await certificates.identityOf(call.region, arnIn(call)))) throw new AwsError('RequestInProgressException', `The certificate request is in progress for ${arnIn(call)}.`);
			},
			async after(call, answer) {
				const identity = await certificates.identityOf(call.region, arnIn(call));
				if (!identity) return answer;
				const [Certificate = '', ...chain] = identity.certificate.split(/(?<=-----END CERTIFICATE-----)\n*(?=-)/);
				return changed(answer, { Certificate, ...(chain.length === 0 ? {} : { CertificateChain: chain.join('\n') }) });
			},
		},
		DeleteCertificate: {
			before(call) {
				if (balancers.usersOf(arnIn(call)).length > 0) throw new AwsError('ResourceInUseException', `Certificate ${arnIn(call)} in account ${id} is in use.`);
			},
			after(call, answer) {
				if (answer.status === 200) certificates.forget(arnIn(call));
				return answer;
			},
		},
	};
}

/** CertificateSummary of the API reference, from a description. */
function summaryOf({ InUseBy, SubjectAlternativeNames, ...shown }: JsonRecord): JsonRecord {
	const kept = Object.entries(shown).filter(([name]) => name !== 'DomainValidationOptions');
	return { ...Object.fromEntries(kept), InUse: (InUseBy as string[]).length > 0, SubjectAlternativeNameSummaries: SubjectAlternativeNames, HasAdditionalSubjectAlternativeNames: false };
}

const decoded = (base64: unknown): string => (typeof base64 === 'string' ? `${Buffer.from(base64, 'base64').toString().trim()}\n` : '');

function bodyOf({ body }: Answer): JsonRecord {
	return JSON.parse(body.toString()) as JsonRecord;
}

function changed(answer: Answer, body: JsonRecord): Answer {
	return { ...answer, body: Buffer.from(JSON.stringify(body)) };
}
