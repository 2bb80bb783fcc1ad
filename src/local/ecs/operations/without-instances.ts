import { z } from 'zod';
import { arnOf, nameOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { clientError, EcsError, invalidParameter } from '../errors.ts';
import { activeCluster, clusterNamed, serviceNamed, usableDefinition } from '../lookups.ts';
import { checkLaunchType } from '../placement.ts';
import { page } from '../shapes.ts';
import type { Json } from '../wire.ts';

/** What an account says that has Fargate alone: no container instance, no Auto Scaling group, no deployment controller but ECS. */

const InCluster = z.object({ ...page, cluster: z.string().optional() });

function listContainerInstances(context: Context, { cluster }: z.infer<typeof InCluster>): Json {
	activeCluster(context, cluster);
	return { containerInstanceArns: [] };
}

const Instances = z.object({ cluster: z.string().optional(), containerInstances: z.array(z.string()) });

function describeContainerInstances(context: Context, { cluster: name, containerInstances }: z.infer<typeof Instances>): Json {
	const cluster = clusterNamed(context, name);
	if (containerInstances.length === 0) throw invalidParameter('Container instances cannot be empty.');
	const arn = (id: string) => (id.startsWith('arn:') ? id : arnOf('ecs', context.region, context.account, `container-instance/${cluster.name}/${id}`));
	return { containerInstances: [], failures: containerInstances.map((id) => ({ arn: arn(id), reason: 'MISSING' })) };
}

const StartTask = Instances.extend({ taskDefinition: z.string() });

/** The words for a definition that fits Fargate alone are those of RunTask (inferred). */
function startTask(context: Context, { cluster, containerInstances, taskDefinition }: z.infer<typeof StartTask>): Json {
	activeCluster(context, cluster);
	if (containerInstances.length === 0) throw clientError('Container instances cannot be empty.');
	checkLaunchType(usableDefinition(context, taskDefinition, invalidParameter), 'EC2');
	return { tasks: [], failures: containerInstances.map((arn) => ({ arn, reason: 'MISSING' })) };
}

const Instance = z.object({ cluster: z.string().optional(), containerInstance: z.string() });

function noInstance(context: Context, { cluster }: { cluster?: string | undefined }): never {
	activeCluster(context, cluster);
	throw invalidParameter('Referenced container instance not found.');
}

function noAttributes(context: Context, { cluster }: z.infer<typeof InCluster>): Json {
	activeCluster(context, cluster);
	return { attributes: [] };
}

const Attributes = z.object({ cluster: z.string().optional(), attributes: z.array(z.object({ name: z.string(), targetId: z.string().optional() })) });

function noTarget(context: Context, { cluster, attributes }: z.infer<typeof Attributes>): never {
	activeCluster(context, cluster);
	throw new EcsError('TargetNotFoundException', `The target ${attributes[0]?.targetId ?? ''} was not found.`);
}

const CapacityProvider = z.object({ name: z.string(), autoScalingGroupProvider: z.object({ autoScalingGroupArn: z.string() }).optional() });

/** Amazon ECS API reference, CreateCapacityProvider; the text for a missing group is inferred. */
function createCapacityProvider(_context: Context, { name, autoScalingGroupProvider }: z.infer<typeof CapacityProvider>): never {
	if (!/^[A-Za-z0-9_-]{1,255}$/.test(name) || /^(?:aws|ecs|fargate)/i.test(name)) throw clientError('The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores (_), and hyphens (-). The name cannot be prefixed with "aws", "ecs", or "fargate". Specify a valid name and try again.');
	if (autoScalingGroupProvider === undefined) throw clientError('An Auto Scaling group provider must be specified.');
	throw clientError('The specified Auto Scaling group ARN is not valid. Specify a valid Auto Scaling group ARN and try again.');
}

function noCapacityProvider(_context: Context, { capacityProvider = '', name = capacityProvider }: { capacityProvider?: string | undefined; name?: string | undefined }): never {
	if (['FARGATE', 'FARGATE_SPOT'].includes(nameOf(name))) throw clientError('The specified capacity provider is reserved and cannot be changed or deleted.');
	throw clientError('The specified capacity provider was not found. Specify a valid capacity provider and try again.');
}

const InService = z.object({ cluster: z.string().optional(), service: z.string() });

/** https://github.com/hashicorp/terraform-provider-aws/issues/30347 */
function noTaskSets(context: Context, { cluster, service }: z.infer<typeof InService>): never {
	const found = serviceNamed(context, clusterNamed(context, cluster), service);
	if (found.status !== 'ACTIVE') throw new EcsError('ServiceNotActiveException', 'Service was not ACTIVE.');
	throw invalidParameter('Amazon ECS only supports task set management on services configured to use external deployment controllers.');
}

function unsupported(): never {
	throw new EcsError('UnsupportedFeatureException', 'The specified feature is not available here: the local endpoint runs tasks and services on Fargate.');
}

const taskSets = ['CreateTaskSet', 'UpdateTaskSet', 'DeleteTaskSet', 'DescribeTaskSets', 'UpdateServicePrimaryTaskSet'];
const ofInstances = ['DeregisterContainerInstance', 'UpdateContainerAgent'];
/** Of the agent on a container instance, and of kinds of service that the local endpoint does not have. */
const absent = `
	RegisterContainerInstance DiscoverPollEndpoint SubmitAttachmentStateChanges SubmitContainerStateChange SubmitTaskStateChange
	GetTaskProtection UpdateTaskProtection ContinueServiceDeployment ListServicesByNamespace
	CreateExpressGatewayService DeleteExpressGatewayService DescribeExpressGatewayService UpdateExpressGatewayService
	CreateGateway DeleteGateway DescribeGateway DescribeGatewayResources DescribeGatewayRoute ListGateways ListGatewayRoutes
	ListGatewayClusterAssociations UpdateGateway AssociateGatewayWithCluster DisassociateGatewayFromCluster
	CreateDaemon DeleteDaemon DescribeDaemon DescribeDaemonDeployments DescribeDaemonRevisions ListDaemonDeployments ListDaemons
	UpdateDaemon DeleteDaemonTaskDefinition DescribeDaemonTaskDefinition ListDaemonTaskDefinitions RegisterDaemonTaskDefinition`
	.trim()
	.split(/\s+/);
const each = (names: readonly string[], one: Operation) => Object.fromEntries(names.map((name) => [name, one]));

export const operationsWithoutInstances: Readonly<Record<string, Operation>> = {
	...each(taskSets, operation(InService, noTaskSets)),
	...each(ofInstances, operation(Instance, noInstance)),
	...each(absent, operation(z.object({}), unsupported)),
	StartTask: operation(StartTask, startTask),
	ListContainerInstances: operation(InCluster, listContainerInstances),
	DescribeContainerInstances: operation(Instances, describeContainerInstances),
	UpdateContainerInstancesState: operation(Instances, describeContainerInstances),
	ListAttributes: operation(InCluster.extend({ targetType: z.string() }), noAttributes),
	PutAttributes: operation(Attributes, noTarget),
	DeleteAttributes: operation(Attributes, noTarget),
	CreateCapacityProvider: operation(CapacityProvider, createCapacityProvider),
	UpdateCapacityProvider: operation(z.object({ name: z.string() }), noCapacityProvider),
	DeleteCapacityProvider: operation(z.object({ capacityProvider: z.string() }), noCapacityProvider),
};
