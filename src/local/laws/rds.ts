import type { Account, Laws } from '../account.ts';
import { type Call, form, formList } from '../front/call.ts';
import { type Answer, AwsError, queryAnswer } from '../front/failure.ts';
import { child, descendants, type Element, items, parseXml, setChild, textOf, writeXml } from '../xml.ts';
import { checkInstance } from './rds-checks.ts';
import { engineVersions, newestVersion, orderableOptions } from './rds-offers.ts';

const namespace = 'http://rds.amazonaws.com/doc/2014-10-31/';

/** Instances that run, states that take time, and what moto lets pass. */
export function rdsLaws({ moto, interfaces, databases, roles }: Account): Laws {
	const ask = ({ region }: Call, operation: string, parameters: Record<string, string> = {}): Promise<Element> => moto.query({ service: 'rds', region, operation }, parameters);
	const instances = async (call: Call, id?: string): Promise<Element[]> => descendants(await ask(call, 'DescribeDBInstances', id === undefined ? {} : { DBInstanceIdentifier: id }), 'DBInstance');
	const keyOf = (call: Call, shown: Element | undefined): string => `${call.region} ${textOf(shown, 'DBInstanceIdentifier') ?? ''}`;

	/** Status and endpoint as they really are. */
	const complete = (call: Call, shown: Element): Element => {
		const state = databases.stateOf(keyOf(call, shown));
		if (!state) return shown;
		setChild(shown, 'DBInstanceStatus', state.status);
		setChild(shown, 'Endpoint', state.address === undefined ? undefined : { Address: state.address, Port: state.port });
		return shown;
	};
	const completed = (call: Call, answer: Answer): Answer => {
		if (answer.status !== 200) return answer;
		const document = parseXml(answer.body.toString());
		for (const shown of descendants(document, 'DBInstance')) complete(call, shown);
		return { ...answer, body: Buffer.from(writeXml(document)) };
	};
	const requireAvailable = (call: Call): void => {
		const id = (form(call).get('DBInstanceIdentifier') ?? '').toLowerCase();
		const state = databases.stateOf(`${call.region} ${id}`);
		if (state && state.status !== 'available') throw new AwsError('InvalidDBInstanceState', `Database instance is not in available state: ${id} is ${state.status}.`);
	};
	const start = async (call: Call, shown: Element | undefined): Promise<void> => {
		const parameters = form(call);
		const subnetId = textOf(items(shown, 'DBSubnetGroup', 'Subnets')[0], 'SubnetIdentifier') ?? '';
		const groups = items(shown, 'VpcSecurityGroups').map((group) => textOf(group, 'VpcSecurityGroupId') ?? '');
		const made = await interfaces.create({ region: call.region, subnetId, groups, description: 'RDSNetworkInterface' });
		databases.create(
			keyOf(call, shown),
			{ port: Number(parameters.get('Port') ?? 5432), user: parameters.get('MasterUsername') ?? '', password: parameters.get('MasterUserPassword') ?? '', database: parameters.get('DBName') ?? 'postgres' },
			() => interfaces.remove(call.region, textOf(made, 'networkInterfaceId') ?? ''),
		);
	};

	return {
		CreateDBInstance: {
			async before(call) {
				const parameters = form(call);
				checkInstance(parameters);
				await requireGroups(call, formList(parameters, 'VpcSecurityGroupIds'));
				await roles.ensure('rds.amazonaws.com');
				// RDS resolves a major version to its newest minor.
				if (!parameters.get('EngineVersion')?.includes('.')) parameters.set('EngineVersion', newestVersion);
				call.body = Buffer.from(parameters.toString());
			},
			async after(call, answer) {
				if (answer.status !== 200) return answer;
				await start(call, child(parseXml(answer.body.toString()), 'CreateDBInstanceResult', 'DBInstance'));
				return completed(call, answer);
			},
		},
		DescribeDBInstances: {
			before(call) {
				// moto takes an empty identifier for any.
				if (form(call).get('DBInstanceIdentifier') === '') throw new AwsError('InvalidParameterValue', 'The parameter DBInstanceIdentifier must be provided and must not be blank.');
			},
			after: completed,
		},
		ModifyDBInstance: { before: requireAvailable, after: completed },
		RebootDBInstance: { before: requireAvailable, after: completed },
		DeleteDBInstance: {
			async before(call) {
				const parameters = form(call);
				const [shown] = await instances(call, parameters.get('DBInstanceIdentifier') ?? '');
				if (!shown) return undefined;
				checkDeletion(parameters, shown, databases.stateOf(keyOf(call, shown))?.status);
				await requireNewSnapshot(call, parameters.get('FinalDBSnapshotIdentifier'));
				// The instance stays in moto's books, `deleting`, until its server and data are gone.
				void databases.delete(keyOf(call, shown), async () => void (await moto.send(call)));
				complete(call, shown);
				return deletion(shown);
			},
		},
		CreateDBSubnetGroup: {
			async before(call) {
				await roles.ensure('rds.amazonaws.com');
				const name = (form(call).get('DBSubnetGroupName') ?? '').toLowerCase();
				const known = descendants(await ask(call, 'DescribeDBSubnetGroups'), 'DBSubnetGroup').some((group) => textOf(group, 'DBSubnetGroupName') === name);
				if (known) throw new AwsError('DBSubnetGroupAlreadyExists', `The DB subnet group '${name}' already exists.`);
				await requireZones(call);
			},
		},
		ModifyDBSubnetGroup: { before: (call) => requireZones(call) },
		DeleteDBSubnetGroup: {
			async before(call) {
				const name = (form(call).get('DBSubnetGroupName') ?? '').toLowerCase();
				const user = (await instances(call)).find((shown) => textOf(shown, 'DBSubnetGroup', 'DBSubnetGroupName') === name);
				if (user) throw new AwsError('InvalidDBSubnetGroupStateFault', `Cannot delete the subnet group '${name}' because at least one database instance: ${textOf(user, 'DBInstanceIdentifier')} is still using it.`);
			},
		},
		DescribeDBEngineVersions: { before: (call) => queryAnswer('query', call.operation, namespace, { DBEngineVersions: { DBEngineVersion: engineVersions(form(call)) } }) },
		DescribeOrderableDBInstanceOptions: {
			async before(call) {
				const zones = items(await moto.query({ service: 'ec2', region: call.region, operation: 'DescribeAvailabilityZones' }, {}), 'availabilityZoneInfo').map((zone) => textOf(zone, 'zoneName') ?? '');
				return queryAnswer('query', call.operation, namespace, { OrderableDBInstanceOptions: { OrderableDBInstanceOption: orderableOptions(form(call), zones) } });
			},
		},
	};

	async function requireGroups({ region }: Call, groups: readonly string[]): Promise<void> {
		const known = new Set(items(await moto.query({ service: 'ec2', region, operation: 'DescribeSecurityGroups' }, {}), 'securityGroupInfo').map((group) => textOf(group, 'groupId')));
		const missing = groups.find((group) => !known.has(group));
		if (missing !== undefined) throw new AwsError('InvalidParameterValue', `Invalid security group , groupId= ${missing}, groupName=.`);
	}

	async function requireZones(call: Call): Promise<void> {
		const wanted = formList(form(call), 'SubnetIds');
		const subnets = items(await moto.query({ service: 'ec2', region: call.region, operation: 'DescribeSubnets' }, {}), 'subnetSet').filter((subnet) => wanted.includes(textOf(subnet, 'subnetId') ?? ''));
		const missing = wanted.find((id) => !subnets.some((subnet) => textOf(subnet, 'subnetId') === id));
		if (missing !== undefined) throw new AwsError('InvalidSubnet', `Some input subnets in :[${missing}] are invalid.`);
		const zones = [...new Set(subnets.map((subnet) => textOf(subnet, 'availabilityZone')))];
		if (zones.length < 2) throw new AwsError('DBSubnetGroupDoesNotCoverEnoughAZs', `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ${zones.join(', ')}. Add subnets to cover at least 2 AZs.`);
	}

	async function requireNewSnapshot(call: Call, name: string | null): Promise<void> {
		if (name === null) return;
		const taken = descendants(await ask(call, 'DescribeDBSnapshots'), 'DBSnapshot').some((snapshot) => textOf(snapshot, 'DBSnapshotIdentifier') === name);
		if (taken) throw new AwsError('DBSnapshotAlreadyExists', `Cannot create the snapshot because a snapshot with the identifier ${name} already exists.`);
	}
}

function checkDeletion(parameters: URLSearchParams, shown: Element, status: string | undefined): void {
	const skip = parameters.get('SkipFinalSnapshot')?.toLowerCase() === 'true';
	const final = parameters.get('FinalDBSnapshotIdentifier');
	if (status === 'deleting') throw new AwsError('InvalidDBInstanceState', `Instance ${textOf(shown, 'DBInstanceIdentifier')} is already being deleted.`);
	if (textOf(shown, 'DeletionProtection') === 'true') throw new AwsError('InvalidParameterCombination', 'Cannot delete protected DB Instance, please disable deletion protection and try again.');
	if (!skip && final === null) throw new AwsError('InvalidParameterCombination', 'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.');
	if (skip && final !== null) throw new AwsError('InvalidParameterCombination', 'FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.');
}

function deletion(shown: Element): Answer {
	const answer = queryAnswer('query', 'DeleteDBInstance', namespace, {});
	const document = parseXml(answer.body.toString());
	child(document, 'DeleteDBInstanceResult')?.children.push(shown);
	return { ...answer, body: Buffer.from(writeXml(document)) };
}
