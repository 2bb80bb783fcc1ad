import { type Account, everyOperation, type Laws } from '../account.ts';
import { type Call, form } from '../front/call.ts';
import { type Answer, AwsError, queryAnswer } from '../front/failure.ts';
import { child, items, type Element, parseXml, setChild, textOf, writeXml } from '../xml.ts';

const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/';
/** EC2 API reference, CreateSecurityGroup and IpRange: the characters of names and descriptions. */
const groupText = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/;
/** Default quotas per region: vpc L-F678F1CE and L-A4707A72. */
const quota = { vpcs: 5, gateways: 5 };

/** What holds what when it is deleted, and the checks that moto leaves out. */
export function ec2Laws({ moto, interfaces, lag }: Account): Laws {
	const ask = async ({ region }: Call, operation: string, parameters: Record<string, string> = {}): Promise<Element> => moto.query({ service: 'ec2', region, operation }, parameters);
	/** @param path where the answer holds the new id */
	const noting = (...path: string[]) => (_call: Call, answer: Answer) => {
		if (answer.status === 200) lag.note(textOf(parseXml(answer.body.toString()), ...path) ?? '');
		return answer;
	};
	/** Answers by client token, which moto does not look at: the same request again makes nothing and is answered alike. */
	const tokens = new Map<string, { request: string; answer: Answer }>();
	const once = (...path: string[]) => {
		const note = noting(...path);
		return {
			before(call: Call): Answer | undefined {
				const known = tokens.get(tokenOf(call));
				if (known && known.request !== withoutToken(call)) throw new AwsError('IdempotentParameterMismatch', 'The client token you have provided is associated with a resource that has different parameters.');
				return known?.answer;
			},
			after(call: Call, answer: Answer): Answer {
				if (answer.status === 200 && form(call).has('ClientToken')) tokens.set(tokenOf(call), { request: withoutToken(call), answer });
				return note(call, answer);
			},
		};
	};
	/** VPC Block Public Access by region. */
	const blockModes = new Map<string, string>();
	const publicAccess = ({ region, operation }: Call) => {
		const mode = blockModes.get(region);
		return queryAnswer('ec2', operation, namespace, { vpcBlockPublicAccessOptions: { awsRegion: region, state: mode === undefined ? 'default-state' : 'update-complete', internetGatewayBlockMode: mode ?? 'off', exclusionsAllowed: 'allowed', managedBy: 'account' } });
	};
	/** Described a little late, then `pending` for a while. */
	const late = (set: string, id: string, pending?: 'pending') => ({
		after(_call: Call, answer: Answer): Answer {
			if (answer.status !== 200) return answer;
			const document = parseXml(answer.body.toString());
			const list = child(document, set);
			const shown = (list?.children ?? []).filter((each) => !lag.isYounger(textOf(each, id) ?? '', 'id'));
			for (const each of pending ? shown : []) if (lag.isYounger(textOf(each, id) ?? '', 'vpcPieces')) setChild(each, 'state', pending);
			list?.children.splice(0, list.children.length, ...shown);
			return { ...answer, body: Buffer.from(writeXml(document)) };
		},
	});
	const filtered = (name: string, value: string): Record<string, string> => ({ 'Filter.1.Name': name, 'Filter.1.Value.1': value });

	return {
		[everyOperation]: {
			before(call) {
				lag.assertKnown(form(call).values());
				// moto carries some operations out all the same.
				if (form(call).get('DryRun') === 'true') throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', { status: 412 });
			},
		},
		...(lag.milliseconds('id') > 0 && {
			DescribeVpcs: late('vpcSet', 'vpcId', 'pending'),
			DescribeSubnets: late('subnetSet', 'subnetId', 'pending'),
			DescribeSecurityGroups: late('securityGroupInfo', 'groupId'),
			DescribeInternetGateways: late('internetGatewaySet', 'internetGatewayId'),
			DescribeRouteTables: late('routeTableSet', 'routeTableId'),
		}),
		CreateSubnet: { after: noting('subnet', 'subnetId') },
		CreateRouteTable: once('routeTable', 'routeTableId'),
		CreateVpc: {
			after: noting('vpc', 'vpcId'),
			async before(call) {
				if (items(await ask(call, 'DescribeVpcs'), 'vpcSet').length >= quota.vpcs) throw new AwsError('VpcLimitExceeded', 'The maximum number of VPCs has been reached.');
			},
		},
		CreateInternetGateway: {
			after: noting('internetGateway', 'internetGatewayId'),
			async before(call) {
				if (items(await ask(call, 'DescribeInternetGateways'), 'internetGatewaySet').length >= quota.gateways) throw new AwsError('InternetGatewayLimitExceeded', 'The maximum number of internet gateways has been reached.');
			},
		},
		CreateSecurityGroup: { before: checkGroupNames, after: noting('groupId') },
		AuthorizeSecurityGroupIngress: { before: checkRuleDescriptions },
		AuthorizeSecurityGroupEgress: { before: checkRuleDescriptions },
		DeleteSecurityGroup: {
			async before(call) {
				const id = form(call).get('GroupId') ?? '';
				const rules = items(await ask(call, 'DescribeSecurityGroupRules'), 'securityGroupRuleSet');
				const named = rules.some((rule) => textOf(rule, 'referencedGroupInfo', 'groupId') === id && textOf(rule, 'groupId') !== id);
				if (named || (await interfaces.find(call.region, { 'group-id': id })).length > 0) throw new AwsError('DependencyViolation', `resource ${id} has a dependent object`);
				const [group] = items(await ask(call, 'DescribeSecurityGroups', filtered('group-id', id)), 'securityGroupInfo');
				if (textOf(group, 'groupName') === 'default') throw new AwsError('CannotDelete', `the specified group: "${id}" name: "default" cannot be deleted by a user`);
			},
		},
		DeleteSubnet: {
			async before(call) {
				const id = form(call).get('SubnetId') ?? '';
				if ((await interfaces.find(call.region, { 'subnet-id': id })).length > 0) throw new AwsError('DependencyViolation', `The subnet '${id}' has dependencies and cannot be deleted.`);
			},
		},
		DetachInternetGateway: {
			async before(call) {
				const vpc = form(call).get('VpcId') ?? '';
				const mapped = (await interfaces.find(call.region, { 'vpc-id': vpc })).some((each) => interfaces.hasPublicAddress(textOf(each, 'networkInterfaceId') ?? ''));
				if (mapped) throw new AwsError('DependencyViolation', `Network ${vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`);
			},
		},
		DeleteVpc: {
			async before(call) {
				const id = form(call).get('VpcId') ?? '';
				const groups = items(await ask(call, 'DescribeSecurityGroups', filtered('vpc-id', id)), 'securityGroupInfo').filter((group) => textOf(group, 'groupName') !== 'default');
				const gateways = items(await ask(call, 'DescribeInternetGateways', filtered('attachment.vpc-id', id)), 'internetGatewaySet');
				const inside = await interfaces.find(call.region, { 'vpc-id': id });
				if (groups.length + gateways.length + inside.length > 0) throw new AwsError('DependencyViolation', `The vpc '${id}' has dependencies and cannot be deleted.`);
			},
		},
		DeleteNetworkInterface: {
			before(call) {
				const id = form(call).get('NetworkInterfaceId') ?? '';
				if (interfaces.isAttached(id)) throw new AwsError('InvalidParameterValue', `Network interface '${id}' is currently in use.`);
			},
		},
		DescribeNetworkInterfaces: {
			after(_call, answer) {
				if (answer.status !== 200) return answer;
				const document = parseXml(answer.body.toString());
				for (const shown of items(document, 'networkInterfaceSet')) interfaces.complete(shown);
				return { ...answer, body: Buffer.from(writeXml(document)) };
			},
		},
		DescribeVpcBlockPublicAccessOptions: { before: (call) => publicAccess(call) },
		ModifyVpcBlockPublicAccessOptions: {
			before(call) {
				blockModes.set(call.region, form(call).get('InternetGatewayBlockMode') ?? 'off');
				return publicAccess(call);
			},
		},
	};
}

function checkGroupNames(call: Call): void {
	const name = form(call).get('GroupName') ?? '';
	if (name.startsWith('sg-')) throw new AwsError('InvalidParameterValue', `Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*`);
	for (const parameter of ['GroupName', 'GroupDescription']) checkText(parameter, form(call).get(parameter) ?? '');
}

function checkRuleDescriptions(call: Call): void {
	for (const [name, value] of form(call)) if (/^IpPermissions\.\d+\..+\.Description$/.test(name)) checkText('Description', value);
}

function checkText(parameter: string, value: string): void {
	if (groupText.test(value)) return;
	throw new AwsError('InvalidParameterValue', `Value (${value}) for parameter ${parameter} is invalid. Valid values are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`);
}

function tokenOf(call: Call): string {
	return `${call.region} ${call.operation} ${form(call).get('ClientToken') ?? ''}`;
}

function withoutToken(call: Call): string {
	return [...form(call)].filter(([name]) => name !== 'ClientToken').map((parameter) => parameter.join('=')).sort().join('&');
}
