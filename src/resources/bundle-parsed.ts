import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineAction } from '../engine/resource.ts';
import { ignoring, until } from './support.ts';

/** What `dag-sync` reports in `status/<environment>.json`. */
export interface SyncStatus {
	bundle: { applied: string | null; parsed: string | null };
	dags: number;
	importErrors: { file: string; line: number | null; message: string }[];
	noDags: string[];
	heartbeatAgeSeconds: number | null;
	/** When it was written: seconds since 1970. */
	time: number;
}

type Props = {
	bucket: string;
	environment: string;
	/** Hash of the bundle that must have been parsed. */
	bundle: string;
	/** The scheduler's task definition (ARN): another one must report anew. */
	scheduler: string;
};
type Outputs = { bundle: string };

const staleAfter = 60;

/** Waits until the scheduler has parsed the bundle, as its `dag-sync` sidecar reports through the bucket. */
export const BundleParsed = defineAction<Aws, Props, Outputs>({
	type: 'AirflowDeploy::ParseBundle',
	permissions: [{ actions: ['s3:GetObject'], on: ['arn:{partition}:s3:::{project}-{account}-{region}/status/*'], for: 'up' }],

	async current(ctx, props) {
		return isParsed(await readSyncStatus(ctx, props.bucket, props.environment), props, Date.now() / 1000 - staleAfter);
	},

	async run(ctx, props) {
		const began = Date.now() / 1000;
		const parsed = async (): Promise<true | string> => {
			const status = await readSyncStatus(ctx, props.bucket, props.environment);
			return isParsed(status, props, began) || progress(status, props, began);
		};
		await until(ctx, parsed, 'the scheduler to parse the bundle', { first: 2, every: 3, atMost: 600 });
		return { bundle: props.bundle };
	},
});

/** The newest report of `dag-sync`, or undefined where it has not written any. */
export async function readSyncStatus(ctx: Pick<Context<Aws>, 'aws'>, bucket: string, environment: string): Promise<SyncStatus | undefined> {
	const get = new GetObjectCommand({ Bucket: bucket, Key: `status/${environment}.json`, ExpectedBucketOwner: ctx.aws.account });
	const answer = await ignoring(['NoSuchKey', 'NoSuchBucket'], ctx.aws.client(S3Client).send(get));
	const text = await answer?.Body?.transformToString();
	return text === undefined ? undefined : (JSON.parse(text) as SyncStatus);
}

function isParsed(status: SyncStatus | undefined, { bundle }: Props, since: number): boolean {
	return status?.bundle.parsed === bundle && status.heartbeatAgeSeconds !== null && status.heartbeatAgeSeconds < 30 && status.time >= since;
}

function progress(status: SyncStatus | undefined, { bundle }: Props, since: number): string {
	if (!status || status.time < since) return 'waiting for the first report of dag-sync in the scheduler task';
	if (status.bundle.applied !== bundle) return 'waiting for dag-sync to copy the files to EFS';
	if (status.heartbeatAgeSeconds === null) return 'waiting for the heartbeat of the scheduler';
	return `waiting for the scheduler to parse the bundle: ${status.dags} DAGs so far`;
}
