import {
	CloudWatchLogsClient,
	CreateLogGroupCommand,
	DeleteLogGroupCommand,
	DescribeLogGroupsCommand,
	ListTagsForResourceCommand,
	type LogGroup as Description,
	PutRetentionPolicyCommand,
	TagResourceCommand,
	UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { carriesNonce } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';
import { tagging } from './tagging.ts';

type Props = {
	name: string;
	/** One of the periods that AWS offers: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
	retentionDays: number;
};
type Outputs = { name: string; arn: string; retentionDays: number };

const group = 'arn:{partition}:logs:{region}:{account}:log-group:/airflow-deploy/{project}/*';

export const LogGroup = defineResource<Aws, Props, Outputs>({
	type: 'AWS::Logs::LogGroup',
	immutable: ['name'],
	collides: true,
	permissions: [
		{ actions: ['logs:DescribeLogGroups'], on: ['*'] },
		{ actions: ['logs:ListTagsForResource'], on: [group] },
		{ actions: ['logs:CreateLogGroup', 'logs:TagResource', 'logs:UntagResource', 'logs:PutRetentionPolicy'], on: [group], for: 'up' },
		{ actions: ['logs:DeleteLogGroup'], on: [group], for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const found = await describe(ctx, name);
		if (found && !isOurs(ctx, await tagsOf(ctx, name))) throw foreign('the log group', name);
		return found && { name, arn: arnOf(ctx, name), retentionDays: found.retentionInDays ?? 0 };
	},

	async create(ctx, { name }) {
		await ctx.aws.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: name, tags: { ...ctx.tags } }));
		return { name, arn: arnOf(ctx, name), retentionDays: 0 };
	},

	wait: (ctx, outputs, { retentionDays }) => keepFor(ctx, outputs, retentionDays),

	matches: (props, { retentionDays }) => props.retentionDays === 0 || retentionDays === props.retentionDays,

	update: (ctx, { retentionDays }, outputs) => keepFor(ctx, outputs, retentionDays),

	tag: tagging(
		({ aws }, { arn }, tags) => aws.client(CloudWatchLogsClient).send(new TagResourceCommand({ resourceArn: arn, tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) })),
		({ aws }, { arn }, tagKeys) => aws.client(CloudWatchLogsClient).send(new UntagResourceCommand({ resourceArn: arn, tagKeys })),
	),

	async remove(ctx, { name }) {
		if (!carriesNonce(ctx, await tagsOf(ctx, name))) return;
		await ignoring(['ResourceNotFoundException'], ctx.aws.client(CloudWatchLogsClient).send(new DeleteLogGroupCommand({ logGroupName: name })));
	},

	exists: async (ctx, { name }) => carriesNonce(ctx, await tagsOf(ctx, name)),

	async siblings({ aws }, { name }) {
		const { logGroups } = await aws.client(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name.slice(0, name.lastIndexOf('/') + 1) }));
		return (logGroups ?? []).map(({ logGroupName }) => required(logGroupName));
	},
});

/** A new group keeps its lines for ever; 0 stands for that. */
async function keepFor(ctx: Context<Aws>, outputs: Outputs, retentionDays: number): Promise<Outputs> {
	if (retentionDays === 0 || outputs.retentionDays === retentionDays) return outputs;
	await ctx.aws.client(CloudWatchLogsClient).send(new PutRetentionPolicyCommand({ logGroupName: outputs.name, retentionInDays: retentionDays }));
	return { ...outputs, retentionDays };
}

async function describe(ctx: Context<Aws>, name: string): Promise<Description | undefined> {
	const { logGroups } = await ctx.aws.client(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
	return logGroups?.find(({ logGroupName }) => required(logGroupName) === name);
}

/** None where there is no such group. */
async function tagsOf(ctx: Context<Aws>, name: string): Promise<{ Key: string; Value: string }[]> {
	const ask = new ListTagsForResourceCommand({ resourceArn: arnOf(ctx, name) });
	const answer = await ignoring(['ResourceNotFoundException'], ctx.aws.client(CloudWatchLogsClient).send(ask));
	return tagList(answer?.tags ?? {});
}

/** Without the `:*` that DescribeLogGroups shows: the calls about tags refuse it. */
function arnOf({ aws }: Context<Aws>, name: string): string {
	return `arn:${aws.partition}:logs:${aws.region}:${aws.account}:log-group:${name}`;
}
