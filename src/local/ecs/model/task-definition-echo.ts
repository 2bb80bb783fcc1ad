import type { ContainerDefinition, TaskDefinitionInput } from '../shapes.ts';
import { cpuUnits, memoryMiB } from './fargate.ts';
import { fitsFargate } from './task-definition-rules.ts';

/** The definition as AWS gives it back: defaults filled in, sizes as integer strings. */
export function echoOf(input: TaskDefinitionInput) {
	const { tags: _tags, cpu, memory, ...rest } = input;
	const compatibilities = ['EC2', ...(fitsFargate(input) ? ['FARGATE'] : [])];
	return {
		...rest,
		containerDefinitions: input.containerDefinitions.map((container) => echoContainer(container, input.networkMode === 'awsvpc')),
		volumes: input.volumes ?? [],
		placementConstraints: input.placementConstraints ?? [],
		compatibilities,
		requiresAttributes: requiredAttributes(input),
		...(cpu !== undefined && { cpu: String(cpuUnits(cpu)) }),
		...(memory !== undefined && { memory: String(memoryMiB(memory)) }),
	};
}

function echoContainer(container: ContainerDefinition, awsvpc: boolean) {
	return {
		...container,
		name: container.name ?? '',
		image: container.image ?? '',
		cpu: container.cpu ?? 0,
		essential: container.essential ?? true,
		environment: container.environment ?? [],
		mountPoints: container.mountPoints ?? [],
		volumesFrom: container.volumesFrom ?? [],
		systemControls: container.systemControls ?? [],
		portMappings: (container.portMappings ?? []).map((mapping) => ({
			...mapping,
			hostPort: awsvpc ? (mapping.containerPort ?? 0) : (mapping.hostPort ?? 0),
			protocol: mapping.protocol ?? ('tcp' as const),
		})),
	};
}

/** The attributes of the agent that it needs; shown by clients, used by nothing here. */
function requiredAttributes(input: TaskDefinitionInput): { name: string }[] {
	const { containerDefinitions: containers, volumes = [] } = input;
	const efs = volumes.flatMap(({ efsVolumeConfiguration }) => efsVolumeConfiguration ?? []);
	const awslogs = containers.some(({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs');
	const present: readonly [boolean, string][] = [
		[awslogs, 'com.amazonaws.ecs.capability.logging-driver.awslogs'],
		[awslogs && input.executionRoleArn !== undefined, 'ecs.capability.execution-role-awslogs'],
		[true, 'com.amazonaws.ecs.capability.docker-remote-api.1.18'],
		[awslogs, 'com.amazonaws.ecs.capability.docker-remote-api.1.19'],
		[containers.some(({ image }) => image?.includes('.dkr.ecr.') === true), 'com.amazonaws.ecs.capability.ecr-auth'],
		[containers.some(({ secrets }) => secrets?.some(({ valueFrom }) => valueFrom.includes(':secretsmanager:')) === true), 'ecs.capability.secrets.asm.environment-variables'],
		[containers.some(({ healthCheck }) => healthCheck !== undefined), 'ecs.capability.container-health-check'],
		[containers.some(({ dependsOn }) => dependsOn !== undefined), 'ecs.capability.container-ordering'],
		[efs.length > 0, 'ecs.capability.efs'],
		[efs.some(({ authorizationConfig }) => authorizationConfig !== undefined), 'ecs.capability.efsAuth'],
		[input.taskRoleArn !== undefined, 'com.amazonaws.ecs.capability.task-iam-role'],
		[input.networkMode === 'awsvpc', 'ecs.capability.task-eni'],
	];
	return present.filter(([needed]) => needed).map(([, name]) => ({ name }));
}
