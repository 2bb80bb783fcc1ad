import { type Asked, isTagged, type Part, type Reading, type Rules, textAt } from './asked.ts';

const newRole = ({ partition, account, request }: Reading): string => `arn:${partition}:iam::${account}:role${textAt(request, 'Path') ?? '/'}${textAt(request, 'RoleName') ?? ''}`;
const oldRole = ({ look, request }: Reading): string => look.roleArn(textAt(request, 'RoleName') ?? '');

const creation: Part = (reading) => {
	const resource = newRole(reading);
	const keys = { 'iam:permissionsboundary': textAt(reading.request, 'PermissionsBoundary') };
	return ['iam:CreateRole', ...(isTagged(reading) ? ['iam:TagRole'] : [])].map((action) => ({ action, resource, keys }));
};
const linked: Part = ({ partition, account, request }) => {
	const name = textAt(request, 'AWSServiceName') ?? '';
	return [{ action: 'iam:CreateServiceLinkedRole', resource: `arn:${partition}:iam::${account}:role/aws-service-role/${name}/AWSServiceRoleFor*`, keys: { 'iam:awsservicename': name } }];
};
const attaching: Part = (reading): Asked[] => [{ action: `iam:${reading.operation}`, resource: oldRole(reading), keys: { 'iam:policyarn': textAt(reading.request, 'PolicyArn') } }];
const bounding: Part = (reading): Asked[] => [{ action: `iam:${reading.operation}`, resource: oldRole(reading), keys: { 'iam:permissionsboundary': textAt(reading.request, 'PermissionsBoundary') } }];
const ofArn = (member: string): Part => (reading) => [{ action: `iam:${reading.operation}`, resource: textAt(reading.request, member) ?? '*' }];

/** Service Authorization Reference, "AWS Identity and Access Management". */
export const iamRules: Rules = {
	CreateRole: [creation],
	CreateServiceLinkedRole: [linked],
	AttachRolePolicy: [attaching],
	DetachRolePolicy: [attaching],
	PutRolePermissionsBoundary: [bounding],
	SimulatePrincipalPolicy: [ofArn('PolicySourceArn')],
	GetPolicy: [ofArn('PolicyArn')],
	GetPolicyVersion: [ofArn('PolicyArn')],
};

/** Whatever names a role, or nothing. */
export const iamRest: Part = (reading) => [{ action: `iam:${reading.operation}`, resource: textAt(reading.request, 'RoleName') === undefined ? '*' : oldRole(reading) }];
