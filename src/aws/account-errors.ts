import { UserError } from '../errors.ts';
import type { Failure } from './errors.ts';

interface Rule {
	/** AWS's error codes; absent: any. */
	readonly codes?: readonly string[];
	readonly text?: RegExp;
	readonly code: string;
	readonly what: string;
	readonly hint: string;
}

const support = 'open a case with AWS support (Account and billing); what stands is kept, the same command goes on later';

/** Of RunTask and of service events. */
const blocked = /account is currently blocked/i;

function notOpened(what: string, when: Pick<Rule, 'codes' | 'text'>, hint = support): Rule {
	return { ...when, code: 'AccountNotOpened', what: `AWS has not opened this account for ${what}`, hint };
}

/** What an account, above all a new one, cannot do whatever its permissions are. The first rule that fits speaks. */
const rules: readonly Rule[] = [
	notOpened('Fargate', { codes: ['BlockedException'] }),
	notOpened('anything: it is blocked', { codes: ['Blocked', 'AccountProblem'] }),
	notOpened('Fargate', { text: blocked }),
	notOpened('load balancers', { codes: ['OperationNotPermitted'], text: /does not support creating load balancers/ }),
	notOpened('this region yet', { codes: ['PendingVerification', 'PendingVerificationException'] }, 'wait (minutes to four hours), then run the same command again; after that open a case with AWS support'),
	notOpened('the service', { codes: ['OptInRequired', 'SubscriptionRequiredException', 'NotSignedUp'] }, 'finish the registration at https://portal.aws.amazon.com/billing/signup, or open a case with AWS support'),
	{ codes: ['FreeTierRestrictionError', 'FreeTierRestriction'], code: 'FreePlan', what: 'the account is on the free plan', hint: 'AIRFLOW_DEPLOY_DB_INSTANCE_CLASS=db.t4g.micro airflow-deploy up   # or upgrade the plan in the billing console' },
	{ text: /limit on the number of vCPUs/, code: 'QuotaReached', what: 'the Fargate vCPU quota is used up', hint: 'aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 12' },
	{ text: /service.linked role|Missing necessary credentials/i, code: 'ServiceLinkedRole', what: "a service-linked role is missing and you may not make it", hint: 'an account administrator runs: aws iam create-service-linked-role --aws-service-name <ecs|rds|elasticfilesystem|elasticloadbalancing>.amazonaws.com' },
	{ codes: ['VpcLimitExceeded', 'InternetGatewayLimitExceeded', 'AddressLimitExceeded', 'InstanceQuotaExceeded', 'InstanceQuotaExceededFault', 'StorageQuotaExceeded', 'ServiceQuotaExceededException', 'FileSystemLimitExceeded', 'TooManyBuckets'], code: 'QuotaReached', what: 'a quota of the account is used up', hint: 'remove what is no longer needed, or ask for more in the Service Quotas console (an account administrator can)' },
	{ codes: ['InsufficientDBInstanceCapacity', 'InsufficientDBInstanceCapacityFault'], code: 'NoCapacity', what: 'AWS has no capacity for this database class here now', hint: 'airflow-deploy up   # again later, or with another AIRFLOW_DEPLOY_DB_INSTANCE_CLASS' },
	{ codes: ['UnsupportedAvailabilityZone', 'AvailabilityZonesNotSupported'], code: 'ZoneUnfit', what: 'a zone of the subnets lacks EFS', hint: 'set AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS to subnets in other zones' },
	{ codes: ['BucketAlreadyExists'], code: 'BucketTaken', what: 'the bucket name belongs to another AWS account', hint: 'choose another AIRFLOW_DEPLOY_PROJECT' },
];

export function explainAccount({ code, message, error }: Failure): UserError | undefined {
	const rule = rules.find(({ codes, text }) => (codes === undefined || codes.includes(code)) && (text === undefined || text.test(message)));
	return rule && new UserError(rule.code, `${rule.what}: ${message}`, { hint: rule.hint, cause: error });
}

/** No matter of permissions, and no second try helps: only AWS can change it. */
export function accountNotOpened(what: string, text: string): UserError {
	return new UserError('AccountNotOpened', `AWS has not opened this account for ${what}: ${text}`, { hint: support });
}

/** Whether a failure or a service event says that the account may not start tasks. */
export function isAccountBlocked(text: string): boolean {
	return blocked.test(text);
}
