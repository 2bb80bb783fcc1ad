import { z } from 'zod';
import { nameOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { describeService } from '../describe-service.ts';
import { invalidParameter } from '../errors.ts';
import { activeCluster, clusterNamed, serviceArn, serviceKey, serviceNamed } from '../lookups.ts';
import { pageOf } from '../pagination.ts';
import type { Service } from '../service.ts';
import { LaunchType, page } from '../shapes.ts';
import type { Json } from '../wire.ts';
import { CreateService, createService } from './create-service.ts';
import { UpdateService, updateService } from './update-service.ts';

const DescribeServices = z.object({ cluster: z.string().optional(), services: z.array(z.string()), include: z.array(z.enum(['TAGS'])).default([]) });

function describeServices(context: Context, { cluster: name, services, include }: z.infer<typeof DescribeServices>): Json {
	const cluster = clusterNamed(context, name);
	if (services.length === 0) throw invalidParameter('Services cannot be empty.');
	if (services.length > 10) throw invalidParameter('Services cannot have more than 10 elements.');
	const found = services.map((asked) => ({ asked, service: context.state.services.get(serviceKey(cluster, asked)) }));
	return {
		services: found.flatMap(({ service }) => (service === undefined ? [] : [describe(context, service, include.includes('TAGS'))])),
		failures: found.filter(({ service }) => service === undefined).map(({ asked }) => ({ arn: serviceArn(context, cluster, asked), reason: 'MISSING' })),
	};
}

function describe(context: Context, service: Service, tags: boolean): Json {
	return describeService(service, context.scheduler.tasksOf(service), context.account, { tags });
}

const ListServices = z.object({ ...page, cluster: z.string().optional(), launchType: LaunchType.optional(), schedulingStrategy: z.enum(['REPLICA', 'DAEMON']).optional() });

function listServices(context: Context, input: z.infer<typeof ListServices>): Json {
	const cluster = activeCluster(context, input.cluster);
	const services = [...context.state.services.values()].filter(
		(service) =>
			service.cluster === cluster &&
			service.status === 'ACTIVE' &&
			(input.launchType === undefined || service.launchType === input.launchType) &&
			(input.schedulingStrategy ?? 'REPLICA') === 'REPLICA',
	);
	const { items, ...rest } = pageOf(services, ({ name }) => name, input, 10);
	return { serviceArns: items.map(({ arn }) => arn), ...rest };
}

const DeleteService = z.object({ cluster: z.string().optional(), service: z.string(), force: z.boolean().default(false) });

function deleteService(context: Context, { cluster, service: name, force }: z.infer<typeof DeleteService>): Json {
	const service = serviceNamed(context, clusterNamed(context, cluster), nameOf(name));
	if (service.status === 'ACTIVE') {
		if (!force && service.desiredCount > 0) throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
		if (!force && service.deployments.length > 1) throw invalidParameter('The service cannot be stopped while deployments are active.');
		service.status = 'DRAINING';
		service.desiredCount = 0;
		context.scheduler.settle(service);
	}
	return { service: describe(context, service, true) };
}

export const serviceOperations: Readonly<Record<string, Operation>> = {
	CreateService: operation(CreateService, createService),
	UpdateService: operation(UpdateService, updateService),
	DescribeServices: operation(DescribeServices, describeServices),
	ListServices: operation(ListServices, listServices),
	DeleteService: operation(DeleteService, deleteService),
};
