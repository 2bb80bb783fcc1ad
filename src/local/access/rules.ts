import type { Asked, Part, Reading, Rules } from './asked.ts';
import { ec2Rules } from './ec2-rules.ts';
import { ecsRules } from './ecs-rules.ts';
import { acmRest, acmRules, balancingRules, route53Rules, schedulerRules, ssmRules } from './edge-rules.ts';
import { efsRules } from './efs-rules.ts';
import { iamRest, iamRules } from './iam-rules.ts';
import { rdsRules } from './rds-rules.ts';
import { s3Rest, s3Rules } from './s3-rules.ts';
import { ecrRest, ecrRules, logsRest, logsRules, secretsRest, secretsRules } from './store-rules.ts';

interface Book {
	readonly rules: Rules;
	/** Of operations that are not listed. */
	readonly rest: Part;
}

const anywhere = (prefix: string): Part => ({ operation }) => [{ action: `${prefix}:${operation}`, resource: '*' }];

/** What a request needs to be allowed, by signing name; after AWS's Service Authorization Reference. */
const books: Readonly<Record<string, Book>> = {
	acm: { rules: acmRules, rest: acmRest },
	ec2: { rules: ec2Rules, rest: anywhere('ec2') },
	ecr: { rules: ecrRules, rest: ecrRest },
	ecs: { rules: ecsRules, rest: anywhere('ecs') },
	elasticfilesystem: { rules: efsRules, rest: anywhere('elasticfilesystem') },
	elasticloadbalancing: { rules: balancingRules, rest: anywhere('elasticloadbalancing') },
	iam: { rules: iamRules, rest: iamRest },
	logs: { rules: logsRules, rest: logsRest },
	rds: { rules: rdsRules, rest: anywhere('rds') },
	route53: { rules: route53Rules, rest: anywhere('route53') },
	s3: { rules: s3Rules, rest: s3Rest },
	scheduler: { rules: schedulerRules, rest: anywhere('scheduler') },
	secretsmanager: { rules: secretsRules, rest: secretsRest },
	ssm: { rules: ssmRules, rest: anywhere('ssm') },
};

/** Needs no permission, and none can take it away. */
const free = new Set(['sts GetCallerIdentity']);

/** Every action and resource that must be allowed for a request to be carried out. */
export async function askedBy(service: string, reading: Reading): Promise<readonly Asked[]> {
	if (free.has(`${service} ${reading.operation}`)) return [];
	const { rules, rest } = books[service] ?? { rules: {}, rest: anywhere(service) };
	const parts = Object.hasOwn(rules, reading.operation) ? (rules[reading.operation] ?? []) : [rest];
	return (await Promise.all(parts.map(async (part) => part(reading)))).flat();
}
