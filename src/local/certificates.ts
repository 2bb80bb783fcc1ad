import type { Balancers } from './balancer/balancers.ts';
import { type JsonRecord, memberOf } from './front/call.ts';
import type { HostedZones } from './hosted-zones.ts';
import type { Moto } from './moto.ts';
import { type Authority, type Identity, newAuthority } from './runtime/certificate.ts';

/** After a request ACM has no validation record to show yet; seconds on AWS. */
const recordMilliseconds = 500;
/** What of a certificate is known only once it is issued. */
const ofIssued = ['IssuedAt', 'NotBefore', 'NotAfter', 'Serial', 'Issuer'];

/** The certificates of ACM: pending until their validation records stand in a zone, then issued by an authority of this endpoint. */
export class Certificates {
	readonly #moto: Moto;
	readonly #zones: HostedZones;
	readonly #balancers: Balancers;
	readonly #identities = new Map<string, Identity>();
	readonly #requested = new Map<string, number>();
	#authority: Authority | undefined;

	constructor({ moto, zones, balancers }: { moto: Moto; zones: HostedZones; balancers: Balancers }) {
		this.#moto = moto;
		this.#zones = zones;
		this.#balancers = balancers;
	}

	requested(arn: string): void {
		if (!this.#requested.has(arn)) this.#requested.set(arn, performance.now());
	}

	/** One that a client brought, with its key. */
	imported(arn: string, identity: Identity): void {
		this.#identities.set(arn, identity);
	}

	forget(arn: string): void {
		this.#identities.delete(arn);
	}

	/** Undefined while it is not issued. @throws AwsError where there is no such certificate */
	async identityOf(region: string, arn: string): Promise<Identity | undefined> {
		await this.describe(region, arn);
		return this.#identities.get(arn);
	}

	/** @throws AwsError where there is no such certificate */
	async describe(region: string, arn: string): Promise<JsonRecord> {
		const { Certificate } = await this.#moto.json({ service: 'acm', region, operation: 'DescribeCertificate' }, 'CertificateManager', { CertificateArn: arn });
		return this.complete(Certificate as JsonRecord);
	}

	async list(region: string): Promise<JsonRecord[]> {
		const { CertificateSummaryList } = await this.#moto.json({ service: 'acm', region, operation: 'ListCertificates' }, 'CertificateManager', {});
		return Promise.all((CertificateSummaryList as JsonRecord[]).map((shown) => this.describe(region, memberOf(shown, 'CertificateArn') ?? '')));
	}

	/** ACM's description of a certificate, from moto's. */
	async complete(shown: JsonRecord): Promise<JsonRecord> {
		const arn = memberOf(shown, 'CertificateArn') ?? '';
		const InUseBy = this.#balancers.usersOf(arn);
		if (shown['Type'] !== 'AMAZON_ISSUED') return { ...shown, InUseBy };
		const options = (shown['DomainValidationOptions'] ?? []) as JsonRecord[];
		if (!this.#identities.has(arn) && (await this.#isValidated(options))) this.#identities.set(arn, this.#issue(namesOf(shown)));
		const issued = this.#identities.has(arn);
		const early = performance.now() - (this.#requested.get(arn) ?? 0) < recordMilliseconds;
		const DomainValidationOptions = options.map(({ ResourceRecord, ...option }) => ({ ...option, ValidationStatus: issued ? 'SUCCESS' : 'PENDING_VALIDATION', ...(early ? {} : { ResourceRecord }) }));
		const known = issued ? shown : Object.fromEntries(Object.entries(shown).filter(([name]) => !ofIssued.includes(name)));
		return { ...known, Status: issued ? 'ISSUED' : 'PENDING_VALIDATION', InUseBy, DomainValidationOptions };
	}

	async #isValidated(options: readonly JsonRecord[]): Promise<boolean> {
		const wanted = options.map(({ ResourceRecord }) => ResourceRecord as { Name: string; Value: string });
		const found = await Promise.all(wanted.map(({ Name, Value }) => this.#zones.hasPublicRecord(Name, 'CNAME', Value)));
		return found.length > 0 && found.every(Boolean);
	}

	/** With its chain, as servers send it. */
	#issue(names: readonly string[]): Identity {
		this.#authority ??= newAuthority('airflow-deploy local endpoint');
		const { certificate, key } = this.#authority.issue(names);
		return { certificate: certificate + this.#authority.certificate, key };
	}
}

function namesOf(shown: JsonRecord): string[] {
	const [first, others] = [memberOf(shown, 'DomainName') ?? '', (shown['SubjectAlternativeNames'] ?? []) as string[]];
	return [...new Set([first, ...others])];
}
