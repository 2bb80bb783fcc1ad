import { FileSystemPolicy } from '../../src/resources/efs-file-system-policy.ts';
import { AccessPoint } from '../../src/resources/efs-access-point.ts';
import { FileSystem } from '../../src/resources/efs-file-system.ts';
import { InternetGatewayAttachment } from '../../src/resources/internet-gateway-attachment.ts';
import { InternetGateway } from '../../src/resources/internet-gateway.ts';
import { MountTarget } from '../../src/resources/mount-target.ts';
import { RouteTable } from '../../src/resources/route-table.ts';
import { Route } from '../../src/resources/route.ts';
import { Anchor } from '../../src/resources/s3-anchor.ts';
import { BucketSettings } from '../../src/resources/s3-bucket-settings.ts';
import { Bucket } from '../../src/resources/s3-bucket.ts';
import { SecurityGroupIngress } from '../../src/resources/security-group-ingress.ts';
import { SecurityGroup } from '../../src/resources/security-group.ts';
import { SubnetRouteTableAssociation } from '../../src/resources/subnet-route-table-association.ts';
import { Subnet } from '../../src/resources/subnet.ts';
import { VpcDns } from '../../src/resources/vpc-dns.ts';
import { Vpc } from '../../src/resources/vpc.ts';
import { sample } from './sample.ts';

export const vpc = sample(Vpc, 'vpc', {}, () => ({ cidr: '10.0.0.0/16' }));
const vpcDns = sample(VpcDns, 'vpc-dns', { vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId }));
const gateway = sample(InternetGateway, 'internet-gateway', {}, () => ({}));
export const attachment = sample(InternetGatewayAttachment, 'attachment', { vpc, gateway }, ({ vpc, gateway }) => ({ vpcId: vpc.vpcId, internetGatewayId: gateway.internetGatewayId }));
const routeTable = sample(RouteTable, 'route-table', { vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId }));
const otherTable = sample(RouteTable, 'other-route-table', { vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId }));
export const route = sample(Route, 'route', { routeTable, attachment }, ({ routeTable, attachment }) => ({ routeTableId: routeTable.routeTableId, cidr: '0.0.0.0/0', internetGatewayId: attachment.internetGatewayId }));
export const subnetA = sample(Subnet, 'subnet-a', { vpc }, ({ vpc }, { region }) => ({ vpcId: vpc.vpcId, cidr: '10.0.0.0/20', zone: `${region}a` }));
export const subnetB = sample(Subnet, 'subnet-b', { vpc }, ({ vpc }, { region }) => ({ vpcId: vpc.vpcId, cidr: '10.0.16.0/20', zone: `${region}b` }));
const association = sample(
	SubnetRouteTableAssociation,
	'association',
	{ subnetA, routeTable, otherTable },
	({ subnetA, routeTable }) => ({ subnetId: subnetA.subnetId, routeTableId: routeTable.routeTableId }),
	({ subnetA, otherTable }) => ({ subnetId: subnetA.subnetId, routeTableId: otherTable.routeTableId }),
);
export const securityGroup = sample(SecurityGroup, 'security-group', { vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId, name: 'airflow-test', description: 'airflow-deploy: a test' }));
const webGroup = sample(SecurityGroup, 'security-group-web', { vpc }, ({ vpc }) => ({ vpcId: vpc.vpcId, name: 'airflow-web', description: 'airflow-deploy: a test' }));
export const ingress = sample(
	SecurityGroupIngress,
	'ingress',
	{ securityGroup, webGroup },
	({ securityGroup }) => ({ groupId: securityGroup.groupId, port: 8080, from: { cidrs: ['192.0.2.7/32', '198.51.100.0/24'] } }),
	({ securityGroup }) => ({ groupId: securityGroup.groupId, port: 8080, from: { cidrs: ['203.0.113.9/32', '198.51.100.0/24'] } }),
);

export const fileSystem = sample(FileSystem, 'file-system', {}, () => ({}));
const fileSystemPolicy = sample(FileSystemPolicy, 'file-system-policy', { fileSystem }, ({ fileSystem }) => ({ fileSystemId: fileSystem.fileSystemId, fileSystemArn: fileSystem.arn }));
export const mountTarget = sample(
	MountTarget,
	'mount-target',
	{ fileSystem, subnetA, securityGroup, webGroup },
	({ fileSystem, subnetA, securityGroup }) => ({ fileSystemId: fileSystem.fileSystemId, subnetId: subnetA.subnetId, securityGroupIds: [securityGroup.groupId] }),
	({ fileSystem, subnetA, securityGroup, webGroup }) => ({ fileSystemId: fileSystem.fileSystemId, subnetId: subnetA.subnetId, securityGroupIds: [webGroup.groupId, securityGroup.groupId] }),
);
const accessPoint = sample(AccessPoint, 'access-point', { fileSystem }, ({ fileSystem }) => ({ fileSystemId: fileSystem.fileSystemId, path: '/main', uid: 50000, gid: 50000, permissions: '0755' }));

export const bucket = sample(Bucket, 'bucket', {}, (_needs, { account, region }) => ({ name: `airflow-${account}-${region}` }));
export const anchor = sample(
	Anchor,
	'anchor',
	{ bucket },
	({ bucket }) => ({ bucket: bucket.name, options: { executor: 'local' } }),
	({ bucket }) => ({ bucket: bucket.name, options: { executor: 'ecs' } }),
);
export const bucketSettings = sample(
	BucketSettings,
	'bucket-settings',
	{ bucket, anchor },
	({ bucket }) => ({ bucket: bucket.name, noncurrentVersionDays: 7 }),
	({ bucket }) => ({ bucket: bucket.name, noncurrentVersionDays: 3 }),
);

export const samples = [vpc, vpcDns, gateway, attachment, routeTable, route, subnetA, association, securityGroup, ingress, fileSystem, fileSystemPolicy, mountTarget, accessPoint, bucket, anchor, bucketSettings];
