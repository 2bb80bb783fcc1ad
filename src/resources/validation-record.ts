import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { certificatesOf, describeCertificate } from './acm.ts';
import { changeRecords, isSameName, recordGrants, recordsOf, recordTaken, untilInSync } from './route53.ts';

type Props = {
	zoneId: string;
	/** As ACM names them, with a dot at the end. */
	name: string;
	value: string;
	/** The certificate that it validates, and that one's domain. */
	certificateArn: string;
	domain: string;
};
/** `made`: it was not there before. Certificates of other regions may need one that was, and they cannot be seen from here. */
type Outputs = Props & { change?: string; made?: true };

/** The CNAME that ACM looks for. It is the same for every certificate of the domain in the account, so others may live by it too. */
export const ValidationRecord = defineResource<Aws, Props, Outputs>({
	type: 'AirflowDeploy::ValidationRecord',
	immutable: ['zoneId', 'name'],
	permissions: [
		...recordGrants,
		{ actions: ['acm:ListCertificates'], on: ['*'] },
		{ actions: ['acm:DescribeCertificate'], on: ['arn:{partition}:acm:{region}:{account}:certificate/*'] },
	],

	id: ({ name }) => `${name.replace(/\.$/, '')} CNAME`,

	async find(ctx, props) {
		const [record] = await recordsOf(ctx.aws, props.zoneId, props.name);
		if (record && !isTheOne(record, props)) throw recordTaken(props.zoneId, record);
		return record && { ...props };
	},

	async create(ctx, props) {
		const change = await changeRecords(ctx, props.zoneId, [{ Action: 'CREATE', ResourceRecordSet: recordOf(props) }]);
		return { ...props, change, made: true };
	},

	async wait(ctx, outputs) {
		if (outputs.change !== undefined) await untilInSync(ctx, outputs.change);
		return outputs;
	},

	/** Another certificate of the domain has the same record. */
	update: async (_ctx, props, outputs) => ({ ...outputs, ...props }),

	async remove(ctx, outputs) {
		const record = await current(ctx, outputs);
		if (!record || outputs.made !== true || (await isShared(ctx, outputs))) return;
		await changeRecords(ctx, outputs.zoneId, [{ Action: 'DELETE', ResourceRecordSet: record }]);
	},

	/** Once our certificate is gone, a record that others live by is theirs. */
	async exists(ctx, outputs) {
		if (!(await current(ctx, outputs))) return false;
		if (await describeCertificate(ctx.aws, outputs.certificateArn)) return true;
		return outputs.made === true && !(await isShared(ctx, outputs));
	},
});

async function isShared({ aws }: Context<Aws>, { domain, certificateArn }: Outputs): Promise<boolean> {
	return (await certificatesOf(aws, domain)).some((arn) => arn !== certificateArn);
}

async function current({ aws }: Context<Aws>, outputs: Outputs): Promise<ResourceRecordSet | undefined> {
	return (await recordsOf(aws, outputs.zoneId, outputs.name)).find((record) => isTheOne(record, outputs));
}

function isTheOne({ Type, ResourceRecords = [] }: ResourceRecordSet, { value }: Props): boolean {
	return Type === 'CNAME' && isSameName(ResourceRecords[0]?.Value, value);
}

function recordOf({ name, value }: Props): ResourceRecordSet {
	return { Name: name, Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value: value }] };
}
