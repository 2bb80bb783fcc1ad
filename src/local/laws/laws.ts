import type { Account, Laws } from '../account.ts';
import { freeTierLaws, serviceQuotasLaws, stsLaws } from './account-wide.ts';
import { ec2Laws } from './ec2.ts';
import { ecrLaws } from './ecr.ts';
import { efsLaws } from './efs.ts';
import { iamLaws } from './iam.ts';
import { logsLaws } from './logs.ts';
import { rdsLaws } from './rds.ts';
import { s3Laws } from './s3.ts';
import { secretsManagerLaws } from './secretsmanager.ts';

/** By signing name. Services that are not here are moto's alone. */
const books: Readonly<Record<string, (account: Account) => Laws>> = {
	ec2: ec2Laws,
	ecr: ecrLaws,
	elasticfilesystem: efsLaws,
	elasticloadbalancing: ({ roles }) => ({ CreateLoadBalancer: { before: () => roles.ensure('elasticloadbalancing.amazonaws.com') } }),
	freetier: freeTierLaws,
	iam: iamLaws,
	logs: logsLaws,
	rds: rdsLaws,
	s3: s3Laws,
	secretsmanager: secretsManagerLaws,
	servicequotas: serviceQuotasLaws,
	sts: stsLaws,
};

/** The laws of an account; they remember what happened in it, so a new account needs new ones. */
export function lawsOf(account: Account): Readonly<Record<string, Laws>> {
	return Object.fromEntries(Object.entries(books).map(([service, book]) => [service, book(account)]));
}
