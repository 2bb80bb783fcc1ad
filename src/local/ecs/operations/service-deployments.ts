import { z } from 'zod';
import { type Context, operation, type Operation } from '../context.ts';
import { addEvent, failDeployment } from '../deployments.ts';
import { describeRevision, describeServiceDeployment, describeServiceDeploymentBriefly } from '../describe-service.ts';
import { EcsError } from '../errors.ts';
import { clusterNamed, serviceNamed } from '../lookups.ts';
import { pageOf } from '../pagination.ts';
import { primaryOf } from '../service.ts';
import { page } from '../shapes.ts';
import type { Json } from '../wire.ts';

const List = z.object({
	...page,
	cluster: z.string().optional(),
	service: z.string(),
	status: z.array(z.string()).optional(),
	createdAt: z.object({ before: z.number().optional(), after: z.number().optional() }).optional(),
});

function listServiceDeployments(context: Context, input: z.infer<typeof List>): Json {
	const service = serviceNamed(context, clusterNamed(context, input.cluster), input.service);
	const { before = Number.POSITIVE_INFINITY, after = 0 } = input.createdAt ?? {};
	const records = service.history.filter(
		({ status, createdAt }) => (input.status === undefined || input.status.length === 0 || input.status.includes(status)) && createdAt >= after * 1000 && createdAt <= before * 1000,
	);
	const { items, ...rest } = pageOf(records, ({ arn }) => arn, input, 20);
	return { serviceDeployments: items.map((record) => describeServiceDeploymentBriefly(service, record)), ...rest };
}

const Describe = z.object({ serviceDeploymentArns: z.array(z.string()).max(20) });

function describeServiceDeployments({ state, scheduler }: Context, { serviceDeploymentArns }: z.infer<typeof Describe>): Json {
	const records = [...state.services.values()].flatMap((service) => service.history.map((record) => ({ service, record })));
	const found = serviceDeploymentArns.map((arn) => ({ arn, match: records.find(({ record }) => record.arn === arn) }));
	return {
		serviceDeployments: found.flatMap(({ match }) => (match === undefined ? [] : [describeServiceDeployment(match.service, match.record, scheduler.tasksOf(match.service))])),
		failures: found.filter(({ match }) => match === undefined).map(({ arn }) => ({ arn, reason: 'MISSING' })),
	};
}

const DescribeRevisions = z.object({ serviceRevisionArns: z.array(z.string()).max(20) });

function describeServiceRevisions({ state }: Context, { serviceRevisionArns }: z.infer<typeof DescribeRevisions>): Json {
	const revisions = [...state.services.values()].flatMap((service) => [...service.revisions.values()].map((revision) => ({ service, revision })));
	const found = serviceRevisionArns.map((arn) => ({ arn, match: revisions.find(({ revision }) => revision.arn === arn) }));
	return {
		serviceRevisions: found.flatMap(({ match }) => (match === undefined ? [] : [describeRevision(match.service, match.revision)])),
		failures: found.filter(({ match }) => match === undefined).map(({ arn }) => ({ arn, reason: 'MISSING' })),
	};
}

const Stop = z.object({ serviceDeploymentArn: z.string(), stopType: z.literal('ROLLBACK').optional() });

/** Goes back to the last deployment that was completed; the words are inferred, AWS documents none. */
function stopServiceDeployment({ state, scheduler, now }: Context, { serviceDeploymentArn }: z.infer<typeof Stop>): Json {
	const service = [...state.services.values()].find(({ history }) => history.some(({ arn }) => arn === serviceDeploymentArn));
	const record = service?.history.find(({ arn }) => arn === serviceDeploymentArn);
	if (service === undefined || record === undefined) throw new EcsError('ServiceDeploymentNotFoundException', 'Service deployment not found.');
	const target = service.deployments.slice(1).find(({ completedOnce }) => completedOnce);
	if (record.status !== 'IN_PROGRESS' || target === undefined) throw new EcsError('ConflictException', `Service deployment ${serviceDeploymentArn} cannot be rolled back.`);
	addEvent(service, `(deployment ${primaryOf(service).id}) deployment was stopped: rolling back to deployment ${target.id}.`, now);
	failDeployment(service, target.id, now, { by: 'Service deployment stopped', reason: 'Service deployment rolled back because of a StopServiceDeployment request.' });
	scheduler.settle(service);
	return { serviceDeploymentArn };
}

export const serviceDeploymentOperations: Readonly<Record<string, Operation>> = {
	ListServiceDeployments: operation(List, listServiceDeployments),
	DescribeServiceDeployments: operation(Describe, describeServiceDeployments),
	DescribeServiceRevisions: operation(DescribeRevisions, describeServiceRevisions),
	StopServiceDeployment: operation(Stop, stopServiceDeployment),
};
