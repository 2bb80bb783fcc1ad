import type { Aws } from '../aws/clients.ts';
import type { Kind } from '../engine/resource.ts';
import { AliasRecord } from './alias-record.ts';
import { BuildImage } from './build-image.ts';
import { BundleParsed } from './bundle-parsed.ts';
import { CertificateIssued } from './certificate-issued.ts';
import { Certificate } from './certificate.ts';
import { DatabaseUrl } from './database-url.ts';
import { DbInstance } from './db-instance.ts';
import { DbSubnetGroup } from './db-subnet-group.ts';
import { EcrRepository } from './ecr-repository.ts';
import { EcsCluster } from './ecs-cluster.ts';
import { EcsService } from './ecs-service.ts';
import { EcsTaskDefinition } from './ecs-task-definition.ts';
import { AccessPoint } from './efs-access-point.ts';
import { FileSystemPolicy } from './efs-file-system-policy.ts';
import { FileSystem } from './efs-file-system.ts';
import { GivenCertificate } from './given-certificate.ts';
import { GivenImage } from './given-image.ts';
import { GivenSubnet, GivenVpc } from './given-network.ts';
import { IamRolePolicy } from './iam-role-policy.ts';
import { IamRole } from './iam-role.ts';
import { InternetGatewayAttachment } from './internet-gateway-attachment.ts';
import { InternetGateway } from './internet-gateway.ts';
import { Listener } from './listener.ts';
import { LoadBalancer } from './load-balancer.ts';
import { LogGroup } from './log-group.ts';
import { MountTarget } from './mount-target.ts';
import { RouteTable } from './route-table.ts';
import { Route } from './route.ts';
import { RunTask } from './run-task.ts';
import { Anchor } from './s3-anchor.ts';
import { BucketSettings } from './s3-bucket-settings.ts';
import { Bucket } from './s3-bucket.ts';
import { Schedule } from './schedule.ts';
import { Secret } from './secret.ts';
import { SecurityGroupIngress } from './security-group-ingress.ts';
import { SecurityGroup } from './security-group.ts';
import { ServiceLinkedRole } from './service-linked-role.ts';
import { SubnetRouteTableAssociation } from './subnet-route-table-association.ts';
import { Subnet } from './subnet.ts';
import { TargetGroup } from './target-group.ts';
import { UploadBundle } from './upload-bundle.ts';
import { ValidationRecord } from './validation-record.ts';
import { VpcDns } from './vpc-dns.ts';
import { Vpc } from './vpc.ts';
import { Workers } from './workers.ts';

/** Every kind that a stack may use: teardown, status and policy know an object by its type alone. */
const all: readonly unknown[] = [
	AccessPoint,
	AliasRecord,
	Anchor,
	Bucket,
	BucketSettings,
	BuildImage,
	BundleParsed,
	Certificate,
	CertificateIssued,
	DatabaseUrl,
	DbInstance,
	DbSubnetGroup,
	EcrRepository,
	EcsCluster,
	EcsService,
	EcsTaskDefinition,
	FileSystem,
	FileSystemPolicy,
	GivenCertificate,
	GivenImage,
	GivenSubnet,
	GivenVpc,
	IamRole,
	IamRolePolicy,
	InternetGateway,
	InternetGatewayAttachment,
	Listener,
	LoadBalancer,
	LogGroup,
	MountTarget,
	Route,
	RouteTable,
	RunTask,
	Schedule,
	Secret,
	SecurityGroup,
	SecurityGroupIngress,
	ServiceLinkedRole,
	Subnet,
	SubnetRouteTableAssociation,
	TargetGroup,
	UploadBundle,
	ValidationRecord,
	Vpc,
	VpcDns,
	Workers,
];

export const kinds: ReadonlyMap<string, Kind<Aws>> = new Map((all as readonly Kind<Aws>[]).map((kind) => [kind.type, kind]));
