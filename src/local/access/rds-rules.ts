import { isTagged, on, type Part, type Rules, service, textAt } from './asked.ts';

const rds = service('rds');
const instance = on(rds, 'db:', 'DBInstanceIdentifier');
const subnetGroup = on(rds, 'subgrp:', 'DBSubnetGroupName');
const tagsOf = (kind: string, member: string): Part => (reading) => (isTagged(reading) ? on(rds, kind, member, 'AddTagsToResource')(reading) : []);
const groups: Part = (reading) => [rds.arn(reading, `pg:${textAt(reading.request, 'DBParameterGroupName') ?? 'default.postgres15'}`), rds.arn(reading, `og:${textAt(reading.request, 'OptionGroupName') ?? 'default:postgres-15'}`), rds.arn(reading, `subgrp:${textAt(reading.request, 'DBSubnetGroupName') ?? 'default'}`)].map((resource) => ({ action: 'rds:CreateDBInstance', resource }));
const finalSnapshot: Part = (reading) => {
	const name = textAt(reading.request, 'FinalDBSnapshotIdentifier');
	if (name === undefined) return [];
	return [`db:${textAt(reading.request, 'DBInstanceIdentifier') ?? ''}`, `snapshot:${name}`].map((part) => ({ action: 'rds:CreateDBSnapshot', resource: rds.arn(reading, part) }));
};
const ofAnArn = (member: string): Part => on(rds, '', member);

/** Service Authorization Reference, "Amazon RDS". */
export const rdsRules: Rules = {
	CreateDBInstance: [instance, groups, tagsOf('db:', 'DBInstanceIdentifier')],
	DescribeDBInstances: [instance],
	ModifyDBInstance: [instance],
	StartDBInstance: [instance],
	DeleteDBInstance: [instance, finalSnapshot],
	CreateDBSubnetGroup: [subnetGroup, tagsOf('subgrp:', 'DBSubnetGroupName')],
	DescribeDBSubnetGroups: [subnetGroup],
	ModifyDBSubnetGroup: [subnetGroup],
	DeleteDBSubnetGroup: [subnetGroup],
	ListTagsForResource: [ofAnArn('ResourceName')],
	AddTagsToResource: [ofAnArn('ResourceName')],
	RemoveTagsFromResource: [ofAnArn('ResourceName')],
	DescribeDBSnapshots: [on(rds, 'snapshot:', 'DBSnapshotIdentifier')],
	DeleteDBInstanceAutomatedBackup: [on(rds, 'auto-backup:', 'DbiResourceId')],
	DescribeDBInstanceAutomatedBackups: [on(rds, 'auto-backup:', 'DbiResourceId')],
};
