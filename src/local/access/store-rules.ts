import { type Asked, isTagged, made, on, type Part, type Reading, type Rules, service, textAt } from './asked.ts';

const ecr = service('ecr');
const repository = on(ecr, 'repository/', 'repositoryName');
/** Service Authorization Reference, "Amazon Elastic Container Registry". */
export const ecrRules: Rules = {
	GetAuthorizationToken: [() => [{ action: 'ecr:GetAuthorizationToken', resource: '*' }]],
	CreateRepository: [made(ecr, ({ request }) => `repository/${textAt(request, 'repositoryName') ?? ''}`, 'TagResource')],
	DescribeRepositories: [on(ecr, 'repository/', 'repositoryNames')],
	ListTagsForResource: [on(ecr, '', 'resourceArn')],
	TagResource: [on(ecr, '', 'resourceArn')],
	UntagResource: [on(ecr, '', 'resourceArn')],
};
/** All that concerns images names its repository. */
export const ecrRest: Part = repository;

const logs = service('logs');
const group = (name: string): string => `log-group:${name}:log-stream:`;
/** In the words of AWS's refusals: `log-group:NAME:log-stream:STREAM`; tags are on `log-group:NAME`. */
const groupAsked = (reading: Reading, stream = ''): Asked[] => {
	const name = textAt(reading.request, 'logGroupName') ?? textAt(reading.request, 'logGroupIdentifier')?.split(':log-group:')[1]?.replace(/:\*$/, '') ?? '';
	return [{ action: `logs:${reading.operation}`, resource: logs.arn(reading, `${group(name)}${stream}`) }];
};
const ofStream: Part = (reading) => groupAsked(reading, textAt(reading.request, 'logStreamName'));
const newGroup: Part = (reading) => {
	const name = textAt(reading.request, 'logGroupName') ?? '';
	return [{ action: 'logs:CreateLogGroup', resource: logs.arn(reading, group(name)) }, ...(isTagged(reading) ? [{ action: 'logs:TagResource', resource: logs.arn(reading, `log-group:${name}`) }] : [])];
};
/** Service Authorization Reference, "Amazon CloudWatch Logs". */
export const logsRules: Rules = {
	CreateLogGroup: [newGroup],
	DescribeLogGroups: [(reading) => [{ action: 'logs:DescribeLogGroups', resource: logs.arn(reading, 'log-group::log-stream:') }]],
	ListTagsForResource: [on(logs, '', 'resourceArn')],
	TagResource: [on(logs, '', 'resourceArn')],
	UntagResource: [on(logs, '', 'resourceArn')],
	PutLogEvents: [ofStream],
	GetLogEvents: [ofStream],
	StartLiveTail: [on(logs, '', 'logGroupIdentifiers')],
};
export const logsRest: Part = (reading) => groupAsked(reading);

const secrets = service('secretsmanager');
const secret: Part = async (reading) => {
	const name = textAt(reading.request, 'SecretId') ?? '';
	const resource = name.startsWith('arn:') ? name : ((await reading.look.secretArn(reading.region, name)) ?? secrets.arn(reading, `secret:${name}`));
	return [{ action: `secretsmanager:${reading.operation}`, resource }];
};
/** Service Authorization Reference, "AWS Secrets Manager". */
export const secretsRules: Rules = {
	CreateSecret: [made(secrets, ({ request }) => `secret:${textAt(request, 'Name') ?? ''}`, 'TagResource')],
	ListSecrets: [() => [{ action: 'secretsmanager:ListSecrets', resource: '*' }]],
};
export const secretsRest: Part = secret;
