import type { EcsDependencies } from './dependencies.ts';
import { roleOf, type Task, type TaskContainer } from './task.ts';

/**
 * The environment of a container: its definition's, then overrides, then secrets, and what ECS adds.
 * On AWS metadata and credentials are at 169.254.170.2. Where the runtime has them at this endpoint's own address instead,
 * credentials need the full-URI variable, which SDKs accept for loopback addresses.
 */
export function containerEnvironment(
	task: Task,
	container: TaskContainer,
	secrets: Readonly<Record<string, string>>,
	{ runtime, endpointUrl }: Pick<EcsDependencies, 'runtime' | 'endpointUrl'>,
): Record<string, string> {
	const { region } = task.request;
	const agent = runtime.agentUrl ?? endpointUrl;
	const base = `${agent}/v4/${container.runtimeId}`;
	return {
		AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
		AWS_REGION: region,
		AWS_DEFAULT_REGION: region,
		...named(container.definition.environment),
		...named(container.override?.environment),
		...secrets,
		ECS_CONTAINER_METADATA_URI_V4: base,
		ECS_CONTAINER_METADATA_URI: base.replace('/v4/', '/v3/'),
		ECS_AGENT_URI: `${agent}/api/${container.runtimeId}`,
		...(roleOf(task, 'taskRoleArn') !== undefined && credentialsVariable(agent, `/v2/credentials/${task.credentialsId}`)),
	};
}

function credentialsVariable(agent: string, path: string): Record<string, string> {
	return agent === agentOfAws ? { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path } : { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent}${path}` };
}

/** SDKs put it before a relative URI. */
const agentOfAws = 'http://169.254.170.2';

function named(pairs: readonly { name?: string | undefined; value?: string | undefined }[] | undefined): Record<string, string> {
	return Object.fromEntries((pairs ?? []).flatMap(({ name, value = '' }) => (name === undefined ? [] : [[name, value]])));
}
