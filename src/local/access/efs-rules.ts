import { also, isTagged, made, on, type Part, type Reading, type Rules, service, textAt, textsAt } from './asked.ts';

const ec2Arn = ({ partition, region, account }: Reading, part: string): string => `arn:${partition}:ec2:${region}:${account}:${part}`;

const efs = service('elasticfilesystem');
const fileSystem = on(efs, 'file-system/', 'FileSystemId');
const accessPoint = on(efs, 'access-point/', 'AccessPointId');
const ofTarget: Part = async (reading) => {
	const id = textAt(reading.request, 'MountTargetId');
	const owner = id === undefined ? textAt(reading.request, 'FileSystemId') : await reading.look.fileSystemOf(reading.region, id);
	return [{ action: `elasticfilesystem:${reading.operation}`, resource: efs.arn(reading, `file-system/${owner ?? '*'}`) }];
};
/** A mount target's interface is made, changed and removed in the caller's name (EFS User Guide, "Creating mount targets"). */
const newInterface = also('ec2:CreateNetworkInterface', (reading) => [ec2Arn(reading, 'network-interface/*'), ec2Arn(reading, `subnet/${textAt(reading.request, 'SubnetId') ?? '*'}`), ...textsAt(reading, 'SecurityGroups').map((id) => ec2Arn(reading, `security-group/${id}`))]);
const askEc2 = (...actions: string[]): Part => () => actions.map((action) => ({ action: `ec2:${action}`, resource: '*' }));
const anInterface = (action: string): Part => also(`ec2:${action}`, (reading) => [ec2Arn(reading, 'network-interface/*')]);

/** By its id alone. */
const tagged: Part = (reading) => {
	const id = textAt(reading.request, 'ResourceId') ?? '*';
	return [{ action: `elasticfilesystem:${reading.operation}`, resource: efs.arn(reading, `${id.startsWith('fsap-') ? 'access-point' : 'file-system'}/${id}`) }];
};
/** Service Authorization Reference, "Amazon Elastic File System". */
export const efsRules: Rules = {
	CreateFileSystem: [made(efs, () => 'file-system/*', 'TagResource')],
	DescribeFileSystems: [fileSystem],
	UpdateFileSystem: [fileSystem],
	DeleteFileSystem: [fileSystem],
	PutFileSystemPolicy: [fileSystem],
	DescribeFileSystemPolicy: [fileSystem],
	DeleteFileSystemPolicy: [fileSystem],
	CreateMountTarget: [fileSystem, askEc2('DescribeSubnets', 'DescribeNetworkInterfaces'), newInterface],
	DescribeMountTargets: [ofTarget],
	DeleteMountTarget: [ofTarget, anInterface('DeleteNetworkInterface')],
	DescribeMountTargetSecurityGroups: [ofTarget],
	ModifyMountTargetSecurityGroups: [ofTarget, anInterface('ModifyNetworkInterfaceAttribute')],
	CreateAccessPoint: [fileSystem, (reading) => (isTagged(reading) ? [{ action: 'elasticfilesystem:TagResource', resource: efs.arn(reading, 'access-point/*'), keys: { 'elasticfilesystem:createaction': reading.operation } }] : [])],
	DescribeAccessPoints: [(reading) => (textAt(reading.request, 'FileSystemId') === undefined ? accessPoint : fileSystem)(reading)],
	DeleteAccessPoint: [accessPoint],
	TagResource: [tagged],
	UntagResource: [tagged],
};
