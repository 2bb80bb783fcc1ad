import { z } from 'zod';

/**
 * Members of ECS requests (service model 2014-11-13) that mean something here, with the limits of the model.
 * Others are accepted and dropped, as AWS drops members that it does not know; null counts as absent.
 */
const text = z.string().optional();
const integer = z.number().int().optional();
const flag = z.boolean().optional();
const texts = z.array(z.string()).optional();

export const Tag = z.object({ key: z.string().max(128), value: z.string().max(256).default('') });
export type Tag = z.infer<typeof Tag>;
export const Tags = z.array(Tag).optional();

const KeyValue = z.object({ name: text, value: text });
export const Setting = z.object({ name: z.enum(['containerInsights']).optional(), value: text });

const PortMapping = z.object({
	containerPort: integer,
	hostPort: integer,
	protocol: z.enum(['tcp', 'udp']).optional(),
	name: text,
	appProtocol: z.enum(['http', 'http2', 'grpc']).optional(),
	containerPortRange: text,
});

const HealthCheck = z.object({ command: z.array(z.string()), interval: integer, timeout: integer, retries: integer, startPeriod: integer });
export type HealthCheck = z.infer<typeof HealthCheck>;

export const DependencyCondition = z.enum(['START', 'COMPLETE', 'SUCCESS', 'HEALTHY']);
export type DependencyCondition = z.infer<typeof DependencyCondition>;

const LinuxParameters = z.object({
	capabilities: z.object({ add: texts, drop: texts }).optional(),
	devices: z.array(z.unknown()).optional(),
	initProcessEnabled: flag,
	sharedMemorySize: integer,
	tmpfs: z.array(z.unknown()).optional(),
	maxSwap: integer,
	swappiness: integer,
});

const LogConfiguration = z.object({
	logDriver: z.enum(['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'awsfirelens']),
	options: z.record(z.string(), z.string()).optional(),
	secretOptions: z.array(z.object({ name: z.string(), valueFrom: z.string() })).optional(),
});

export const RestartPolicy = z.object({ enabled: z.boolean(), ignoredExitCodes: z.array(z.number().int()).optional(), restartAttemptPeriod: integer });
export type RestartPolicy = z.infer<typeof RestartPolicy>;

export const ContainerDefinition = z.object({
	name: text,
	image: text,
	repositoryCredentials: z.object({ credentialsParameter: z.string() }).optional(),
	cpu: integer,
	memory: integer,
	memoryReservation: integer,
	links: texts,
	portMappings: z.array(PortMapping).optional(),
	essential: flag,
	restartPolicy: RestartPolicy.optional(),
	entryPoint: texts,
	command: texts,
	environment: z.array(KeyValue).optional(),
	environmentFiles: z.array(z.object({ value: z.string(), type: z.enum(['s3']) })).optional(),
	mountPoints: z.array(z.object({ sourceVolume: text, containerPath: text, readOnly: flag })).optional(),
	volumesFrom: z.array(z.object({ sourceContainer: text, readOnly: flag })).optional(),
	linuxParameters: LinuxParameters.optional(),
	secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })).optional(),
	dependsOn: z.array(z.object({ containerName: z.string(), condition: DependencyCondition })).optional(),
	startTimeout: integer,
	stopTimeout: integer,
	versionConsistency: z.enum(['enabled', 'disabled']).optional(),
	hostname: text,
	user: text,
	workingDirectory: text,
	disableNetworking: flag,
	privileged: flag,
	readonlyRootFilesystem: flag,
	dnsServers: texts,
	dnsSearchDomains: texts,
	extraHosts: z.array(z.object({ hostname: z.string(), ipAddress: z.string() })).optional(),
	dockerSecurityOptions: texts,
	interactive: flag,
	pseudoTerminal: flag,
	dockerLabels: z.record(z.string(), z.string()).optional(),
	ulimits: z.array(z.object({ name: z.string(), softLimit: z.number().int(), hardLimit: z.number().int() })).optional(),
	logConfiguration: LogConfiguration.optional(),
	healthCheck: HealthCheck.optional(),
	systemControls: z.array(z.object({ namespace: text, value: text })).optional(),
	resourceRequirements: z.array(z.object({ value: z.string(), type: z.enum(['GPU', 'InferenceAccelerator']) })).optional(),
	firelensConfiguration: z.object({ type: z.enum(['fluentd', 'fluentbit']), options: z.record(z.string(), z.string()).optional() }).optional(),
	credentialSpecs: texts,
});
export type ContainerDefinition = z.infer<typeof ContainerDefinition>;

const EfsVolume = z.object({
	fileSystemId: z.string(),
	rootDirectory: text,
	transitEncryption: z.enum(['ENABLED', 'DISABLED']).optional(),
	transitEncryptionPort: integer,
	authorizationConfig: z.object({ accessPointId: text, iam: z.enum(['ENABLED', 'DISABLED']).optional() }).optional(),
});

export const Volume = z.object({
	name: text,
	host: z.object({ sourcePath: text }).optional(),
	dockerVolumeConfiguration: z.record(z.string(), z.unknown()).optional(),
	efsVolumeConfiguration: EfsVolume.optional(),
	configuredAtLaunch: flag,
});
export type Volume = z.infer<typeof Volume>;

const Compatibility = z.enum(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
const EphemeralStorage = z.object({ sizeInGiB: z.number().int() });

export const TaskDefinitionInput = z.object({
	family: z.string(),
	taskRoleArn: text,
	executionRoleArn: text,
	networkMode: z.enum(['bridge', 'host', 'awsvpc', 'none']).optional(),
	containerDefinitions: z.array(ContainerDefinition),
	volumes: z.array(Volume).optional(),
	placementConstraints: z.array(z.object({ type: z.enum(['memberOf']).optional(), expression: text })).optional(),
	requiresCompatibilities: z.array(Compatibility).optional(),
	cpu: text,
	memory: text,
	tags: Tags,
	pidMode: z.enum(['host', 'task']).optional(),
	ipcMode: z.enum(['host', 'task', 'none']).optional(),
	proxyConfiguration: z.record(z.string(), z.unknown()).optional(),
	ephemeralStorage: EphemeralStorage.optional(),
	runtimePlatform: z.object({ cpuArchitecture: z.enum(['X86_64', 'ARM64']).optional(), operatingSystemFamily: text }).optional(),
	enableFaultInjection: flag,
});
export type TaskDefinitionInput = z.infer<typeof TaskDefinitionInput>;

const AwsVpc = z.object({ subnets: z.array(z.string()), securityGroups: texts, assignPublicIp: z.enum(['ENABLED', 'DISABLED']).optional() });
export const NetworkConfiguration = z.object({ awsvpcConfiguration: AwsVpc.optional() });
export type NetworkConfiguration = z.infer<typeof NetworkConfiguration>;

export const LaunchType = z.enum(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
export type LaunchType = z.infer<typeof LaunchType>;
export const CapacityProviderStrategy = z.array(
	z.object({ capacityProvider: z.string(), weight: z.number().int().min(0).max(1000).optional(), base: z.number().int().min(0).max(100_000).optional() }),
);
export type CapacityProviderStrategy = z.infer<typeof CapacityProviderStrategy>;

export const ContainerOverride = z.object({
	name: text,
	command: texts,
	environment: z.array(KeyValue).optional(),
	environmentFiles: z.array(z.object({ value: z.string(), type: z.enum(['s3']) })).optional(),
	cpu: integer,
	memory: integer,
	memoryReservation: integer,
	resourceRequirements: z.array(z.unknown()).optional(),
});
export type ContainerOverride = z.infer<typeof ContainerOverride>;
export const TaskOverride = z.object({
	containerOverrides: z.array(ContainerOverride).optional(),
	cpu: text,
	memory: text,
	executionRoleArn: text,
	taskRoleArn: text,
	ephemeralStorage: EphemeralStorage.optional(),
	inferenceAcceleratorOverrides: z.array(z.unknown()).optional(),
});
export type TaskOverride = z.infer<typeof TaskOverride>;

export const PropagateTags = z.enum(['TASK_DEFINITION', 'SERVICE', 'NONE']);
export type PropagateTags = z.infer<typeof PropagateTags>;

export const DeploymentConfiguration = z.object({
	deploymentCircuitBreaker: z
		.object({
			enable: z.boolean(),
			rollback: z.boolean(),
			resetOnHealthyTask: flag,
			thresholdConfiguration: z.object({ type: z.enum(['BOUNDED_PERCENT', 'COUNT', 'UNBOUNDED_PERCENT']).optional(), value: integer }).optional(),
		})
		.optional(),
	maximumPercent: integer,
	minimumHealthyPercent: integer,
	strategy: z.enum(['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY']).optional(),
	bakeTimeInMinutes: integer,
});
export type DeploymentConfiguration = z.infer<typeof DeploymentConfiguration>;

export const LoadBalancer = z.object({ targetGroupArn: text, loadBalancerName: text, containerName: text, containerPort: integer });
export type LoadBalancer = z.infer<typeof LoadBalancer>;
export const ServiceRegistry = z.object({ registryArn: text, port: integer, containerName: text, containerPort: integer });

/** Shared members of paged lists. */
export const page = { maxResults: z.number().int().min(1).max(100).optional(), nextToken: text };
