import { EC2Client, paginateDescribeVpcEndpoints, type VpcEndpoint } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';

/** What a task calls before and while it runs (AWS Fargate, "Amazon ECR interface VPC endpoints", and the log and secret drivers). */
const interfaces = ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager'];

/**
 * Services that tasks without internet need and a VPC has no usable endpoint for.
 * @param routeTableIds of the tasks' subnets: S3 (the image's layers, the bundle) may be reached by a gateway in them
 */
export async function missingEndpoints(aws: Aws, vpcId: string, routeTableIds: readonly string[]): Promise<string[]> {
	const endpoints = (await endpointsOf(aws, vpcId)).filter(({ State }) => State?.toLowerCase() === 'available');
	const resolves = (service: string) => endpoints.some((endpoint) => isFor(endpoint, service) && endpoint.VpcEndpointType === 'Interface' && endpoint.PrivateDnsEnabled === true);
	const throughGateway = routeTableIds.every((id) => endpoints.some((endpoint) => isFor(endpoint, 's3') && endpoint.RouteTableIds?.includes(id) === true));
	return [...interfaces.filter((service) => !resolves(service)), ...(throughGateway || resolves('s3') ? [] : ['s3'])];
}

/** `com.amazonaws.<region>.ecr.api`, and `cn.com.amazonaws.…` in China. */
function isFor({ ServiceName = '' }: VpcEndpoint, service: string): boolean {
	return ServiceName.split('.').slice(ServiceName.startsWith('cn.') ? 4 : 3).join('.') === service;
}

async function endpointsOf(aws: Aws, vpcId: string): Promise<VpcEndpoint[]> {
	const found: VpcEndpoint[] = [];
	for await (const { VpcEndpoints = [] } of paginateDescribeVpcEndpoints({ client: aws.client(EC2Client) }, { Filters: [{ Name: 'vpc-id', Values: [vpcId] }] })) found.push(...VpcEndpoints);
	return found;
}
