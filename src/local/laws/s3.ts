import { setTimeout as delay } from 'node:timers/promises';
import { type Account, everyOperation, type Law, type Laws } from '../account.ts';
import type { Call } from '../front/call.ts';
import { AwsError } from '../front/failure.ts';
import { bucketAndKey } from '../front/operations.ts';
import { BucketPolicies } from './bucket-policies.ts';
import { child, type Element, items, parseXml, textOf } from '../xml.ts';

/** Buckets with this beginning belong to another account: S3's names are global. */
const foreign = 'taken-';
/** A setting takes effect slowly enough that a second one sent at the same time meets it. */
const settingMilliseconds = 30;

/** How long the name of a deleted bucket is taken; on AWS up to an hour. */
const releaseMilliseconds = 200;

/** User Guide, "General purpose bucket naming rules". */
const allowedName = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!sthree-)(?!amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const reservedEnd = /(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)$/;

export function s3Laws({ moto, id: account }: Account): Laws {
	const busy = new Set<string>();
	const regions = new Map<string, string>();
	const released = new Map<string, number>();
	const conflict = (): AwsError => new AwsError('OperationAborted', 'A conflicting conditional operation is currently in progress against this resource. Please try again.', { status: 409 });
	const policies = new BucketPolicies();

	const oneAtATime: Law = {
		async before(call) {
			const bucket = bucketOf(call);
			if (busy.has(bucket)) throw conflict();
			busy.add(bucket);
		},
		async after(call, answer) {
			await delay(settingMilliseconds);
			busy.delete(bucketOf(call));
			return answer;
		},
	};

	return {
		CreateBucket: {
			before(call) {
				const bucket = bucketOf(call);
				checkName(bucket);
				if (bucket.startsWith(foreign)) throw new AwsError('BucketAlreadyExists', 'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.', { status: 409, members: { BucketName: bucket } });
				checkLocation(call);
				if (performance.now() < (released.get(bucket) ?? 0)) throw conflict();
				const owned = regions.get(bucket);
				// Re-creating one's own bucket succeeds in us-east-1 only, for reasons of history.
				if (owned !== undefined && !(owned === 'us-east-1' && call.region === 'us-east-1')) throw new AwsError('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded and you already own it.', { status: 409, members: { BucketName: bucket } });
			},
			async after(call, answer) {
				if (answer.status !== 200) return answer;
				const bucket = bucketOf(call);
				regions.set(bucket, locationOf(call) ?? call.region);
				const tags = items(configurationOf(call), 'Tags');
				if (tags.length > 0) await moto.send(tagging(call, bucket, tags));
				return answer;
			},
		},
		DeleteBucket: {
			after(call, answer) {
				if (answer.status < 300) {
					regions.delete(bucketOf(call));
					released.set(bucketOf(call), performance.now() + releaseMilliseconds);
				}
				return answer;
			},
		},
		PutBucketSetting: {
			...oneAtATime,
			async before(call) {
				await oneAtATime.before?.(call);
				policies.keep(call);
			},
		},
		GetBucketPolicy: { after: (call, answer) => policies.show(call, answer) },
		DeleteBucketSetting: oneAtATime,
		[everyOperation]: {
			before(call) {
				if (call.operation === 'CreateBucket') return;
				const owner = call.headers['x-amz-expected-bucket-owner'];
				const notTheirs = regions.has(bucketOf(call)) && owner !== undefined && owner !== account;
				if (notTheirs || bucketOf(call).startsWith(foreign)) throw new AwsError('AccessDenied', 'Access Denied', { status: 403 });
			},
		},
	};
}

function bucketOf({ url }: Call): string {
	return bucketAndKey(url).bucket;
}

function checkName(bucket: string): void {
	if (!allowedName.test(bucket) || reservedEnd.test(bucket) || bucket === 'moto-api') throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', { members: { BucketName: bucket } });
}

function configurationOf({ body }: Call): Element | undefined {
	return body && body.length > 0 ? parseXml(body.toString()) : undefined;
}

function locationOf(call: Call): string | undefined {
	return textOf(configurationOf(call), 'LocationConstraint');
}

/** us-east-1 takes no constraint (and any other region's); elsewhere it must be the region itself. */
function checkLocation(call: Call): void {
	const location = locationOf(call);
	if (location === 'us-east-1') throw new AwsError('InvalidLocationConstraint', 'The specified location-constraint is not valid', { members: { LocationConstraint: location } });
	if (call.region === 'us-east-1' || location === call.region) return;
	throw new AwsError('IllegalLocationConstraintException', `The ${location ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`);
}

/** moto leaves out tags that come with the creation. */
function tagging(call: Call, bucket: string, tags: Element[]): Parameters<Account['moto']['send']>[0] {
	const set = tags.map((tag) => `<Tag><Key>${textRaw(tag, 'Key')}</Key><Value>${textRaw(tag, 'Value')}</Value></Tag>`).join('');
	const body = Buffer.from(`<Tagging><TagSet>${set}</TagSet></Tagging>`);
	return { ...call, method: 'PUT', target: `/${bucket}?tagging`, headers: { 'content-type': 'application/xml' }, body };
}

function textRaw(tag: Element, name: string): string {
	return (child(tag, name)?.text ?? '').replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
