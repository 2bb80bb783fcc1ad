import { randomBytes, randomUUID } from 'node:crypto';

/** `arn:<partition>:<service>:<region>:<account>:<resource>`; the partition follows from the region. */
export function arnOf(service: string, region: string, account: string, resource: string): string {
	return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

/** IAM's ARNs have no region; the partition is still that of the region in use. */
export function iamArn(region: string, account: string, resource: string): string {
	return `arn:${partitionOf(region)}:iam::${account}:${resource}`;
}

function partitionOf(region: string): string {
	if (region.startsWith('cn-')) return 'aws-cn';
	return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** What follows the account: `cluster/main`; a name that is no ARN comes back as it is. */
export function resourceOf(nameOrArn: string): string {
	return nameOrArn.startsWith('arn:') ? nameOrArn.split(':').slice(5).join(':') : nameOrArn;
}

/** `main` of `main`, `cluster/main` or an ARN; for a task or service the last part of its path. */
export function nameOf(nameOrArn: string): string {
	return resourceOf(nameOrArn).split('/').at(-1) ?? '';
}

/** 32 hexadecimal digits, as task ids are. */
export const newTaskId = () => randomBytes(16).toString('hex');
export const newUuid = () => randomUUID();

/** Decimal digits, the first one not 0: 19 in deployment ids, 10 in Fargate's runtime ids. */
export function newDigits(count: number): string {
	const digits = Array.from(randomBytes(count), (byte) => String(byte % 10));
	return digits.join('').replace(/^0/, '7');
}
