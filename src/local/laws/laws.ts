import type { Account, Laws } from '../account.ts';
import { acmLaws } from './acm.ts';
import { freeTierLaws, serviceQuotasLaws, stsLaws } from './account-wide.ts';
import { cloudMapLaws } from './cloud-map.ts';
import { ec2Laws } from './ec2.ts';
import { ecrLaws } from './ecr.ts';
import { efsLaws } from './efs.ts';
import { iamLaws } from './iam.ts';
import { loadBalancerLaws } from './load-balancers.ts';
import { logsLaws } from './logs.ts';
import { rdsLaws } from './rds.ts';
import { route53Laws } from './route53.ts';
import { s3Laws } from './s3.ts';
import { schedulerLaws } from './scheduler.ts';
import { secretsManagerLaws } from './secretsmanager.ts';
import { targetGroupLaws } from './target-groups.ts';

/** By signing name. Services that are not here are moto's alone. */
const books: Readonly<Record<string, (account: Account) => Laws>> = {
	acm: acmLaws,
	ec2: ec2Laws,
	ecr: ecrLaws,
	elasticfilesystem: efsLaws,
	elasticloadbalancing: (account) => ({ ...loadBalancerLaws(account), ...targetGroupLaws(account) }),
	freetier: freeTierLaws,
	iam: iamLaws,
	logs: logsLaws,
	rds: rdsLaws,
	route53: route53Laws,
	s3: s3Laws,
	scheduler: schedulerLaws,
	secretsmanager: secretsManagerLaws,
	servicediscovery: cloudMapLaws,
	servicequotas: serviceQuotasLaws,
	sts: stsLaws,
};

/** The laws of an account; they remember what happened in it, so a new account needs new ones. */
export function lawsOf(account: Account): Readonly<Record<string, Laws>> {
	return Object.fromEntries(Object.entries(books).map(([service, book]) => [service, book(account)]));
}
