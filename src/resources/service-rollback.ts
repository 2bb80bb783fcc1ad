import { ECSClient, ListServiceDeploymentsCommand, StopServiceDeploymentCommand } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { ignoring } from './support.ts';

/** Answers that mean that ECS goes back, or has gone back, by itself; or an endpoint that lacks the operation. */
const passedOver = ['ServiceDeploymentNotFoundException', 'ConflictException', 'InvalidParameterException', 'UnsupportedFeatureException', 'AccessDeniedException', 'UnknownOperationException'];

/** Tells ECS to go back to the revision before, without waiting for its circuit breaker. Where it cannot, the breaker does. */
export async function goBack({ aws }: Pick<Context<Aws>, 'aws'>, { cluster, name }: { cluster: string; name: string }): Promise<void> {
	const ecs = aws.client(ECSClient);
	const list = await ignoring(passedOver, ecs.send(new ListServiceDeploymentsCommand({ cluster, service: name, status: ['PENDING', 'IN_PROGRESS'] })));
	const serviceDeploymentArn = list?.serviceDeployments?.[0]?.serviceDeploymentArn;
	if (serviceDeploymentArn === undefined) return;
	await ignoring(passedOver, ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' })));
}
