import { type ContainerDefinition, type TaskDefinitionInput, type Volume } from '../shapes.ts';
import { cpuUnits, isFargateCpu, isFargateSize, memoryMiB } from './fargate.ts';
import { parseSecretReference } from './secret-reference.ts';

/** Each gives AWS's message for a definition that it refuses, or undefined. Texts marked (I) are not AWS's own words. */
type Rule = (definition: TaskDefinitionInput) => string | undefined;

/** The message of the first rule that a definition breaks; AWS reports one at a time, as ClientException. */
export function taskDefinitionMistake(definition: TaskDefinitionInput): string | undefined {
	return firstOf(rules, (rule) => rule(definition));
}

/** Whether RunTask with launch type FARGATE may use it: `compatibilities` of the reply. */
export function fitsFargate(definition: TaskDefinitionInput): boolean {
	return firstOf(fargateRules, (rule) => rule({ ...definition, requiresCompatibilities: ['FARGATE'] })) === undefined;
}

function firstOf<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
	for (const item of items) {
		const message = check(item);
		if (message !== undefined) return message;
	}
	return undefined;
}

const when = (broken: boolean, message: string) => (broken ? message : undefined);
const eachContainer = (check: (container: ContainerDefinition, definition: TaskDefinitionInput) => string | undefined): Rule => {
	return (definition) => firstOf(definition.containerDefinitions, (container) => check(container, definition));
};
const eachVolume = (check: (volume: Volume) => string | undefined): Rule => {
	return (definition) => firstOf(definition.volumes ?? [], check);
};
const isFargate = (definition: TaskDefinitionInput) => definition.requiresCompatibilities?.includes('FARGATE') === true;
const onFargate = (rule: Rule): Rule => (definition) => (isFargate(definition) ? rule(definition) : undefined);
const isEcrImage = (image: string | undefined) => /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//.test(image ?? '');
const outside = (value: number | undefined, low: number, high: number) => value !== undefined && (value < low || value > high);
const isRoleArn = (arn: string) => /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(arn);

const containerNames: Rule = ({ containerDefinitions }) => {
	const names = containerDefinitions.map(({ name }) => name);
	return when(new Set(names).size < names.length, 'Container names must be unique within a task definition');
};

const roles: Rule = ({ taskRoleArn, executionRoleArn }) => {
	const given = [taskRoleArn, executionRoleArn].filter((arn) => arn !== undefined && arn.startsWith('arn:'));
	return when(!given.every((arn) => isRoleArn(arn ?? '')), 'Role is not valid');
};

const executionRole: Rule = ({ containerDefinitions, executionRoleArn }) => {
	if (executionRoleArn !== undefined) return undefined;
	const needs = (what: string) => `Fargate requires task definition to have execution role ARN to support ${what}.`;
	if (containerDefinitions.some(({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs')) return needs('log driver awslogs');
	return when(containerDefinitions.some(({ image }) => isEcrImage(image)), needs('ECR images'));
};

const secretsRole: Rule = ({ containerDefinitions, executionRoleArn }) =>
	when(
		executionRoleArn === undefined && containerDefinitions.some(({ secrets }) => secrets !== undefined && secrets.length > 0),
		"When you are specifying container secrets, you must also specify a value for 'executionRoleArn'",
	);

const secretNames = eachContainer(({ secrets = [], environment = [] }) => {
	const names = [...secrets, ...environment].map(({ name }) => name);
	const shared = secrets.some(({ name }) => names.filter((other) => other === name).length > 1);
	return when(shared, 'The secret name must be unique and not shared with any new or existing environment variables set on the container');
});

const secretReferences = eachContainer(({ secrets = [] }) => {
	const malformed = secrets.find(({ valueFrom }) => parseSecretReference(valueFrom, 'us-east-1') === undefined);
	return when(malformed !== undefined, `Invalid secret ARN: ${malformed?.valueFrom ?? ''}`);
});

const portMappings = eachContainer(({ portMappings: mappings = [] }, { networkMode }) =>
	when(
		networkMode === 'awsvpc' && mappings.some(({ hostPort, containerPort }) => hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort),
		'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
	),
);

const portRanges = eachContainer(({ portMappings: mappings = [] }) =>
	when(mappings.some(({ containerPort }) => outside(containerPort, 0, 65_535)), 'Invalid port: ports must be between 0 and 65535.'),
);

const cpuSum: Rule = ({ containerDefinitions, cpu }) => {
	const total = containerDefinitions.reduce((sum, container) => sum + (container.cpu ?? 0), 0);
	const limit = cpu === undefined ? undefined : cpuUnits(cpu);
	return when(limit !== undefined && total > limit, "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value");
};

const containerMemory = eachContainer(({ name, memory, memoryReservation }, definition) => {
	const task = definition.memory === undefined ? undefined : memoryMiB(definition.memory);
	if (task !== undefined && (memory ?? 0) > task) return `The 'memory' setting for container '${name}' is greater than for the task`;
	if (memory !== undefined && memory < (memoryReservation ?? 0)) return "'memory' must be greater than or equal to 'memoryReservation'";
	const none = memory === undefined && memoryReservation === undefined && task === undefined;
	return when(none, `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`);
});

const dependencies = eachContainer(({ dependsOn = [] }, { containerDefinitions }) =>
	firstOf(dependsOn, ({ containerName, condition }) => {
		const target = containerDefinitions.find(({ name }) => name === containerName);
		if (target === undefined) return `Cannot depend on container ${containerName} because it does not exist`;
		if (condition === 'HEALTHY' && target.healthCheck === undefined) return 'A dependency container with HEALTHY condition must have health check configured';
		const ends = condition === 'SUCCESS' || condition === 'COMPLETE';
		return when(ends && target.essential !== false, 'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container');
	}),
);

const dependencyCycle: Rule = ({ containerDefinitions }) => {
	const needs = new Map(containerDefinitions.map(({ name, dependsOn = [] }) => [name, dependsOn.map(({ containerName }) => containerName)]));
	const reaches = (from: string | undefined, seen: ReadonlySet<string | undefined>): boolean =>
		seen.has(from) || (needs.get(from) ?? []).some((next) => reaches(next, new Set([...seen, from])));
	return when([...needs.keys()].some((name) => reaches(name, new Set())), 'Container dependencies cannot have a cycle'); // (I)
};

const essentials: Rule = ({ containerDefinitions }) =>
	when(containerDefinitions.every(({ essential }) => essential === false), 'TaskDefinition must have at least one essential container'); // (I)

const mounts = eachContainer(({ mountPoints = [] }, { volumes = [] }) => {
	const unknown = mountPoints.find(({ sourceVolume }) => !volumes.some(({ name }) => name === sourceVolume));
	return when(unknown !== undefined, `Unknown volume '${unknown?.sourceVolume ?? ''}'`);
});

const efsVolumes = eachVolume(({ efsVolumeConfiguration: efs }) => {
	if (efs === undefined) return undefined;
	const encrypted = efs.transitEncryption === 'ENABLED';
	const authorization = efs.authorizationConfig;
	if (authorization?.iam === 'ENABLED' && !encrypted) return 'EFS IAM authorization requires TransitEncryption to be enabled';
	if (authorization?.accessPointId !== undefined && !encrypted) return 'EFS Access Point authorization requires TransitEncryption to be enabled'; // (I)
	if (efs.transitEncryptionPort !== undefined && !encrypted) return 'TransitEncryptionPort requires that TransitEncryption is enabled';
	const elsewhere = authorization?.accessPointId !== undefined && (efs.rootDirectory ?? '/') !== '/';
	return when(elsewhere, 'When using an EFS access point, the root directory must either be set to "/" or be omitted.');
});

const fargateVolumes = eachVolume(({ host, dockerVolumeConfiguration }) => {
	if (host?.sourcePath !== undefined) return 'Fargate compatible task definitions do not support sourcePath';
	return when(dockerVolumeConfiguration !== undefined, 'Fargate compatible task definitions do not support dockerVolumeConfiguration');
});

const fargateContainers = eachContainer(({ linuxParameters, privileged, links }) => {
	const unsupported = (name: string) => `Fargate compatible task definitions do not support ${name}`;
	if (linuxParameters?.devices !== undefined && linuxParameters.devices.length > 0) return unsupported('devices');
	if (linuxParameters?.maxSwap !== undefined) return unsupported('maxSwap');
	if (privileged === true) return unsupported('privileged'); // (I)
	return when(links !== undefined && links.length > 0, unsupported('links')); // (I)
});

const fargateSize: Rule = ({ cpu, memory }) => {
	if (cpu === undefined) return "Fargate requires that 'cpu' be defined at the task level.";
	if (memory === undefined) return "Fargate requires that 'memory' be defined at the task level.";
	return when(!isFargateSize(cpuUnits(cpu) ?? 0, memoryMiB(memory) ?? 0), 'No Fargate configuration exists for given values.');
};

const sizes: Rule = (definition) => {
	const { cpu, memory } = definition;
	const units = cpu === undefined ? undefined : cpuUnits(cpu);
	const invalid = (name: string) =>
		`Invalid '${name}' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`;
	if (cpu !== undefined && (units === undefined || (isFargate(definition) && !isFargateCpu(units)))) return invalid('cpu');
	return when(memory !== undefined && memoryMiB(memory) === undefined, invalid('memory'));
};

const awsvpcContainers = eachContainer(({ dnsServers, disableNetworking }, { networkMode }) => {
	if (networkMode !== 'awsvpc') return undefined;
	if (dnsServers !== undefined && dnsServers.length > 0) return 'DNS servers are not supported on container when networkMode=awsvpc';
	return when(disableNetworking === true, 'Disable Networking is not supported on container when networkMode=awsvpc');
});

const logDrivers = eachContainer(({ logConfiguration }, definition) => {
	if (logConfiguration?.logDriver !== 'awslogs') return undefined;
	const needed = ['awslogs-group', ...(isFargate(definition) ? ['awslogs-region', 'awslogs-stream-prefix'] : [])];
	const missing = needed.find((option) => (logConfiguration.options?.[option] ?? '') === '');
	return when(missing !== undefined, `Log driver awslogs requires options: ${missing ?? ''}`);
});

const fargateLogDrivers = eachContainer(({ logConfiguration }) =>
	when(
		logConfiguration !== undefined && !['awslogs', 'splunk', 'awsfirelens'].includes(logConfiguration.logDriver),
		`Fargate compatible task definitions do not support log driver ${logConfiguration?.logDriver ?? ''}`, // (I)
	),
);

const healthChecks = eachContainer(({ healthCheck: check, name }) => {
	if (check === undefined) return undefined;
	if (check.command.length === 0) return `Health check command of container ${name} should not be empty.`; // (I)
	const range = (what: string, low: number, high: number) => `Health check ${what} must be between ${low} and ${high}.`; // (I)
	if (outside(check.interval, 5, 300)) return range('interval', 5, 300);
	if (outside(check.timeout, 2, 60)) return range('timeout', 2, 60);
	if (outside(check.retries, 1, 10)) return range('retries', 1, 10);
	return when(outside(check.startPeriod, 0, 300), range('startPeriod', 0, 300));
});

const timeouts = eachContainer(({ stopTimeout, startTimeout, restartPolicy }, definition) => {
	if (isFargate(definition) && outside(stopTimeout, 0, 120)) return 'stopTimeout must be between 0 and 120 seconds on Fargate.'; // (I)
	if (isFargate(definition) && outside(startTimeout, 2, 120)) return 'startTimeout must be between 2 and 120 seconds on Fargate.'; // (I)
	const period = outside(restartPolicy?.restartAttemptPeriod, 60, 1800);
	return when(period, 'restartAttemptPeriod must be between 60 and 1800 seconds.'); // (I)
});

const ephemeralStorage: Rule = ({ ephemeralStorage: storage }) => {
	if (storage === undefined) return undefined;
	if (storage.sizeInGiB < 21) return 'EphemeralStorage size should be at least 21';
	return when(storage.sizeInGiB > 200, 'EphemeralStorage size should be at most 200'); // (I)
};

const fargateRules: readonly Rule[] = [
	({ networkMode }) => when(networkMode !== 'awsvpc', 'Fargate only supports network mode ‘awsvpc’.'),
	sizes,
	fargateSize,
	executionRole,
	fargateVolumes,
	fargateContainers,
	fargateLogDrivers,
	({ ipcMode }) => when(ipcMode !== undefined, 'Fargate compatible task definitions do not support ipcMode'),
	({ pidMode }) => when(pidMode === 'host', "Tasks using the Fargate launch type do not support pidMode 'host'"),
	({ containerDefinitions }) => when(containerDefinitions.length > 10, 'Too many containers: a task definition can have at most 10 containers.'), // (I)
];

const rules: readonly Rule[] = [
	({ family }) => when(family === '', 'Family should not be null or empty.'),
	({ family }) => when(!/^[A-Za-z0-9_-]{1,255}$/.test(family), 'Family contains invalid characters.'),
	({ containerDefinitions }) => when(containerDefinitions.length === 0, 'Container list cannot be empty'),
	eachContainer(({ name }) => when((name ?? '') === '', 'Container.name should not be null or empty.')),
	eachContainer(({ name }) => when(!/^[A-Za-z0-9_-]{1,255}$/.test(name ?? ''), 'Container name contains invalid characters.')), // (I)
	eachContainer(({ image }) => when((image ?? '') === '', 'Container.image should not be null or empty.')),
	({ tags }) => when(tags?.length === 0, 'Tags can not be empty.'),
	containerNames,
	roles,
	...fargateRules.map(onFargate),
	sizes,
	secretsRole,
	secretNames,
	secretReferences,
	portRanges,
	portMappings,
	cpuSum,
	containerMemory,
	essentials,
	dependencies,
	dependencyCycle,
	mounts,
	efsVolumes,
	awsvpcContainers,
	logDrivers,
	healthChecks,
	timeouts,
	ephemeralStorage,
];
