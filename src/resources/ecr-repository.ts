import { CreateRepositoryCommand, DeleteRepositoryCommand, DescribeRepositoriesCommand, ECRClient, ListTagsForResourceCommand, type Repository, type Tag, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-ecr';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { carriesNonce } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';
import { tagging } from './tagging.ts';

type Props = { name: string };
type Outputs = { name: string; arn: string; uri: string };

const repositories = ['arn:{partition}:ecr:{region}:{account}:repository/{project}-*'];

export const EcrRepository = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ECR::Repository',
	immutable: ['name'],
	permissions: [
		{ actions: ['ecr:DescribeRepositories', 'ecr:ListTagsForResource'], on: repositories },
		{ actions: ['ecr:CreateRepository', 'ecr:TagResource', 'ecr:UntagResource'], on: repositories, for: 'up' },
		{ actions: ['ecr:DeleteRepository', 'ecr:BatchDeleteImage'], on: repositories, for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const repository = await describe(ctx, name);
		if (repository && !isOurs(ctx, await tagsOf(ctx, required(repository.repositoryArn)))) throw foreign('the ECR repository', name);
		return repository && outputsOf(repository);
	},

	async create(ctx, { name }) {
		const { repository } = await ctx.aws.client(ECRClient).send(new CreateRepositoryCommand({ repositoryName: name, tags: tagList(ctx.tags) }));
		return outputsOf(required(repository));
	},

	tag: tagging(
		({ aws }, { arn }, tags) => aws.client(ECRClient).send(new TagResourceCommand({ resourceArn: arn, tags })),
		({ aws }, { arn }, tagKeys) => aws.client(ECRClient).send(new UntagResourceCommand({ resourceArn: arn, tagKeys })),
	),

	async remove(ctx, { name }) {
		const repository = await describe(ctx, name);
		if (!repository || !carriesNonce(ctx, await tagsOf(ctx, required(repository.repositoryArn)))) return;
		await ignoring(['RepositoryNotFoundException'], ctx.aws.client(ECRClient).send(new DeleteRepositoryCommand({ repositoryName: name, force: true })));
	},

	exists: async (ctx, { arn }) => carriesNonce(ctx, await tagsOf(ctx, arn)),
});

async function describe(ctx: Context<Aws>, name: string): Promise<Repository | undefined> {
	const answer = await ignoring(['RepositoryNotFoundException'], ctx.aws.client(ECRClient).send(new DescribeRepositoriesCommand({ repositoryNames: [name] })));
	return answer?.repositories?.[0];
}

async function tagsOf(ctx: Context<Aws>, repositoryArn: string): Promise<Tag[] | undefined> {
	const ask = new ListTagsForResourceCommand({ resourceArn: repositoryArn });
	return (await ignoring(['RepositoryNotFoundException'], ctx.aws.client(ECRClient).send(ask)))?.tags;
}

function outputsOf({ repositoryName, repositoryArn, repositoryUri }: Repository): Outputs {
	return { name: required(repositoryName), arn: required(repositoryArn), uri: required(repositoryUri) };
}
