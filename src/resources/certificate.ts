import { ACMClient, AddTagsToCertificateCommand, DeleteCertificateCommand, ListTagsForCertificateCommand, RemoveTagsFromCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { certificatesOf, describeCertificate } from './acm.ts';
import { assertOurs, grantsObject, grantsRequest } from './ownership.ts';
import { ignoring, isOurs, required, tagList, until } from './support.ts';
import { tagging } from './tagging.ts';

type Props = { domain: string };
/** The record that proves to ACM that the domain is ours, with a dot at the end of its names; ACM shows it seconds after the request. */
type Outputs = { arn: string; domain: string; status: string; recordName?: string; recordValue?: string };

const certificates = ['arn:{partition}:acm:{region}:{account}:certificate/*'];
/** It will never be issued. */
const final = ['FAILED', 'VALIDATION_TIMED_OUT', 'REVOKED', 'EXPIRED'];

/** A certificate that ACM issues, and renews, while its validation record stands. */
export const Certificate = defineResource<Aws, Props, Outputs>({
	type: 'AWS::CertificateManager::Certificate',
	immutable: ['domain'],
	permissions: [
		{ actions: ['acm:ListCertificates'], on: ['*'] },
		{ actions: ['acm:DescribeCertificate', 'acm:ListTagsForCertificate'], on: certificates },
		{ actions: ['acm:RequestCertificate', 'acm:AddTagsToCertificate'], on: certificates, for: 'up', condition: grantsRequest },
		{ actions: ['acm:AddTagsToCertificate', 'acm:RemoveTagsFromCertificate'], on: certificates, for: 'up', condition: grantsObject },
		{ actions: ['acm:DeleteCertificate'], on: certificates, condition: grantsObject },
	],

	id: ({ arn }) => arn,
	arn: ({ arn }) => arn,

	async find(ctx, { domain }, recorded) {
		const candidates = recorded ? [recorded.arn, ...(await certificatesOf(ctx.aws, domain))] : await certificatesOf(ctx.aws, domain);
		for (const arn of new Set(candidates)) {
			const found = ctx.superseded.has(arn) ? undefined : await outputsOf(ctx, arn);
			if (found && isOurs(ctx, await tagsOf(ctx, arn))) return found;
		}
		return undefined;
	},

	/** The token makes the call safe to repeat for an hour. */
	async create(ctx, { domain }) {
		const request = new RequestCertificateCommand({ DomainName: domain, ValidationMethod: 'DNS', IdempotencyToken: ctx.token.replaceAll('-', ''), Tags: tagList(ctx.tags) });
		const { CertificateArn } = await ctx.aws.client(ACMClient).send(request);
		return { arn: required(CertificateArn), domain, status: 'PENDING_VALIDATION' };
	},

	async wait(ctx, outputs) {
		let found: Outputs | undefined;
		await until(ctx, async () => (found = await outputsOf(ctx, outputs.arn))?.recordName !== undefined, `ACM to name the validation record of ${outputs.domain}`, { every: 2 });
		return found ?? outputs;
	},

	matches: (_props, { status }) => !final.includes(status),

	/** One that failed is asked for anew. */
	async update(ctx, props, outputs) {
		await ignoring(['ResourceNotFoundException'], ctx.aws.client(ACMClient).send(new DeleteCertificateCommand({ CertificateArn: outputs.arn })));
		return this.create(ctx, props);
	},

	tag: tagging(
		({ aws }, { arn }, Tags) => aws.client(ACMClient).send(new AddTagsToCertificateCommand({ CertificateArn: arn, Tags })),
		({ aws }, { arn }, names) => aws.client(ACMClient).send(new RemoveTagsFromCertificateCommand({ CertificateArn: arn, Tags: names.map((Key) => ({ Key })) })),
	),

	async remove(ctx, { arn, domain }) {
		if (!(await describeCertificate(ctx.aws, arn))) return;
		assertOurs(ctx, `certificate ${arn}`, await tagsOf(ctx, arn));
		await until(ctx, () => removed(ctx, arn, domain), `the certificate of ${domain} to be gone`);
	},

	exists: async (ctx, { arn }) => (await describeCertificate(ctx.aws, arn)) !== undefined,
});

/** For minutes after a load balancer is gone, its certificate still counts as in use. */
async function removed(ctx: Context<Aws>, arn: string, domain: string): Promise<boolean | string> {
	await ignoring(['ResourceNotFoundException', 'ResourceInUseException'], ctx.aws.client(ACMClient).send(new DeleteCertificateCommand({ CertificateArn: arn })));
	const left = await describeCertificate(ctx.aws, arn);
	return left === undefined || `the certificate of ${domain} is in use by ${left.InUseBy?.join(', ') || 'a load balancer that is going'}`;
}

async function tagsOf({ aws }: Context<Aws>, arn: string) {
	const answer = await ignoring(['ResourceNotFoundException'], aws.client(ACMClient).send(new ListTagsForCertificateCommand({ CertificateArn: arn })));
	return answer?.Tags;
}

async function outputsOf({ aws }: Context<Aws>, arn: string): Promise<Outputs | undefined> {
	const certificate = await describeCertificate(aws, arn);
	if (!certificate) return undefined;
	const { DomainName, Status, DomainValidationOptions } = certificate;
	const { Name, Value } = DomainValidationOptions?.[0]?.ResourceRecord ?? {};
	return { arn, domain: required(DomainName), status: required(Status), ...(Name !== undefined && Value !== undefined ? { recordName: Name, recordValue: Value } : {}) };
}
