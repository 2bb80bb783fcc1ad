import type { EcsDependencies } from './dependencies.ts';
import { roleOf, type Task, type TaskContainer } from './task.ts';

/**
 * The environment of a container: its definition's, then overrides, then secrets, and what ECS adds.
 * On AWS metadata and credentials are at 169.254.170.2; here at this endpoint, so credentials need the full-URI variable,
 * which SDKs accept for loopback addresses.
 */
export function containerEnvironment(
	task: Task,
	container: TaskContainer,
	secrets: Readonly<Record<string, string>>,
	{ endpointUrl }: Pick<EcsDependencies, 'endpointUrl'>,
): Record<string, string> {
	const { region } = task.request;
	const base = `${endpointUrl}/v4/${container.runtimeId}`;
	return {
		AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
		AWS_REGION: region,
		AWS_DEFAULT_REGION: region,
		...named(container.definition.environment),
		...named(container.override?.environment),
		...secrets,
		ECS_CONTAINER_METADATA_URI_V4: base,
		ECS_CONTAINER_METADATA_URI: base.replace('/v4/', '/v3/'),
		ECS_AGENT_URI: `${endpointUrl}/api/${container.runtimeId}`,
		...(roleOf(task, 'taskRoleArn') !== undefined && { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpointUrl}/v2/credentials/${task.credentialsId}` }),
	};
}

function named(pairs: readonly { name?: string | undefined; value?: string | undefined }[] | undefined): Record<string, string> {
	return Object.fromEntries((pairs ?? []).flatMap(({ name, value = '' }) => (name === undefined ? [] : [[name, value]])));
}
