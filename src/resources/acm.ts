import { ACMClient, type CertificateDetail, DescribeCertificateCommand, ListCertificatesCommand } from '@aws-sdk/client-acm';
import type { Aws } from '../aws/clients.ts';
import { ignoring } from './support.ts';

/** Undefined where there is none (any more). */
export async function describeCertificate(aws: Aws, arn: string): Promise<CertificateDetail | undefined> {
	const answer = await ignoring(['ResourceNotFoundException'], aws.client(ACMClient).send(new DescribeCertificateCommand({ CertificateArn: arn })));
	return answer?.Certificate;
}

/** ARNs of this region's certificates that are valid for the domain, or asked for it. */
export async function certificatesOf(aws: Aws, domain: string): Promise<string[]> {
	const arns: string[] = [];
	let NextToken: string | undefined;
	do {
		const page = await aws.client(ACMClient).send(new ListCertificatesCommand({ CertificateStatuses: ['PENDING_VALIDATION', 'ISSUED'], ...(NextToken === undefined ? {} : { NextToken }) }));
		const naming = (page.CertificateSummaryList ?? []).filter(({ DomainName, SubjectAlternativeNameSummaries = [] }) => [DomainName, ...SubjectAlternativeNameSummaries].includes(domain));
		arns.push(...naming.flatMap(({ CertificateArn }) => CertificateArn ?? []));
		({ NextToken } = page);
	} while (NextToken !== undefined);
	return arns;
}
