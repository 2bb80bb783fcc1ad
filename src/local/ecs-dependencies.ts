import type { Account } from './account.ts';
import { AwsFailure, type Balancing, type EcsDependencies, type FoundNetwork, type InterfaceRequest, type LogEvent, type LogSink, type LogTarget, type RoleSource, type SecretReference, type SecretSource, type TaskInterface, type TaskNetwork } from './ecs/dependencies.ts';
import { madeUp } from './ecs/credentials.ts';
import { memberOf } from './front/call.ts';
import { AwsError } from './front/failure.ts';
import { items, textOf } from './xml.ts';

/** The account as it is now: a reset puts another in its place. */
type Current = () => Account;

/** What the local ECS needs of this endpoint, but the runtime. */
export function ecsDependencies(current: Current, log: (line: string) => void): Omit<EcsDependencies, 'runtime'> {
	const { id: account, url: endpointUrl } = current();
	return {
		account,
		region: 'us-east-1',
		endpointUrl,
		clock: { now: () => Date.now(), setTimer: unreferencedTimer },
		network: taskNetwork(current),
		logs: logSink(current),
		secrets: secretSource(current),
		roles: roleSource(current),
		pace: (step) => current().lag.milliseconds(taskWaits[step]),
		files: { check: (mount) => current().files.check(mount) },
		balancing: balancingOf(current),
		warn: log,
	};
}

const taskWaits = { network: 'taskNetwork', pull: 'taskPull', activation: 'taskActivation', removal: 'taskRemoval' } as const;

function unreferencedTimer(milliseconds: number, callback: () => void): () => void {
	const timer = setTimeout(callback, milliseconds).unref();
	return () => clearTimeout(timer);
}

/** Network interfaces of tasks, in the books where DescribeNetworkInterfaces and deletions see them. */
function taskNetwork(current: Current): TaskNetwork {
	return {
		async find(region, ids): Promise<FoundNetwork> {
			const ask = async (operation: string, set: string) => items(await current().moto.query({ service: 'ec2', region, operation }, {}), set);
			const [subnets, groups] = await Promise.all([ask('DescribeSubnets', 'subnetSet'), ask('DescribeSecurityGroups', 'securityGroupInfo')]);
			const subnetEntries = subnets.map((subnet) => [textOf(subnet, 'subnetId') ?? '', { vpcId: textOf(subnet, 'vpcId') ?? '', availabilityZone: textOf(subnet, 'availabilityZone') ?? '' }] as const);
			const groupEntries = groups.map((group) => [textOf(group, 'groupId') ?? '', textOf(group, 'vpcId') ?? ''] as const);
			return {
				subnets: Object.fromEntries(subnetEntries.filter(([id]) => ids.subnets.includes(id))),
				securityGroups: Object.fromEntries(groupEntries.filter(([id]) => ids.securityGroups.includes(id))),
			};
		},
		create: (request) => asAws(createInterface(current(), request)),
		remove: (region, id) => asAws(current().interfaces.remove(region, id)),
	};
}

async function createInterface({ moto, interfaces, id }: Account, request: InterfaceRequest): Promise<TaskInterface> {
	const { region, taskArn, attachmentId, subnetId, securityGroups, assignPublicIp, address } = request;
	const [subnet] = items(await moto.query({ service: 'ec2', region, operation: 'DescribeSubnets' }, { 'SubnetId.1': subnetId }), 'subnetSet');
	const ofVpc = { 'Filter.1.Name': 'vpc-id', 'Filter.1.Value.1': textOf(subnet, 'vpcId') ?? '', 'Filter.2.Name': 'group-name', 'Filter.2.Value.1': 'default' };
	const byDefault = async () => items(await moto.query({ service: 'ec2', region, operation: 'DescribeSecurityGroups' }, ofVpc), 'securityGroupInfo').map((group) => textOf(group, 'groupId') ?? '');
	const groups = securityGroups.length > 0 ? securityGroups : await byDefault();
	const description = `arn:${taskArn.split(':')[1]}:ecs:${region}:${id}:attachment/${attachmentId}`;
	const made = await interfaces.create({ region, subnetId, groups, description, publicAddress: assignPublicIp ? address : undefined, listensAt: address });
	const privateAddress = textOf(made, 'privateIpAddress') ?? '';
	return {
		networkInterfaceId: textOf(made, 'networkInterfaceId') ?? '',
		subnetId,
		privateIpv4Address: privateAddress,
		macAddress: textOf(made, 'macAddress') ?? '',
		privateDnsName: `ip-${privateAddress.replaceAll('.', '-')}.${region === 'us-east-1' ? 'ec2' : `${region}.compute`}.internal`,
		availabilityZone: textOf(subnet, 'availabilityZone') ?? '',
	};
}

function balancingOf(current: Current): Balancing {
	return {
		isAssociated: (group) => (current().balancers.groupOf(group) === undefined ? undefined : current().balancers.leadingTo(group).length > 0),
		register: (group, target) => current().balancers.register(group, [target]),
		deregister: (group, target) => current().balancers.deregister(group, [target]),
		healthOf: (group, target) => current().balancers.health(group, [target])[0]?.state ?? 'unused',
		watch: (group, changed) => current().balancers.watch(group, changed),
	};
}

/** The awslogs driver's side of CloudWatch Logs. */
function logSink(current: Current): LogSink {
	const call = (region: string, operation: string, body: object) => asAws(current().moto.json({ service: 'logs', region, operation }, 'Logs_20140328', body));
	const unlessThere = (made: Promise<unknown>): Promise<unknown> =>
		made.catch((error: unknown) => {
			if (!(error instanceof AwsFailure && error.code === 'ResourceAlreadyExistsException')) throw error;
		});
	return {
		async open({ region, group, stream, createGroup }) {
			if (createGroup) await unlessThere(call(region, 'CreateLogGroup', { logGroupName: group }));
			await unlessThere(call(region, 'CreateLogStream', { logGroupName: group, logStreamName: stream }));
		},
		async put({ region, group, stream }: LogTarget, events: readonly LogEvent[]) {
			await call(region, 'PutLogEvents', { logGroupName: group, logStreamName: stream, logEvents: events });
			current().tails.put({ region, group, stream, events });
		},
	};
}

/** Secrets Manager, and parameters of Systems Manager. */
function secretSource(current: Current): SecretSource {
	return { get: (reference) => asAws(secretValue(current(), reference)) };
}

async function secretValue({ moto }: Account, reference: SecretReference): Promise<string> {
	const { region } = reference;
	if (reference.service === 'ssm') {
		const { Parameter } = await moto.json({ service: 'ssm', region, operation: 'GetParameter' }, 'AmazonSSM', { Name: reference.name, WithDecryption: true });
		return memberOf(Parameter as Record<string, unknown>, 'Value') ?? '';
	}
	const { secretId, versionStage, versionId } = reference;
	const stage = versionStage === undefined ? {} : { VersionStage: versionStage };
	const version = versionId === undefined ? {} : { VersionId: versionId };
	const found = await moto.json({ service: 'secretsmanager', region, operation: 'GetSecretValue' }, 'secretsmanager', { SecretId: secretId, ...stage, ...version });
	return memberOf(found, 'SecretString') ?? Buffer.from(memberOf(found, 'SecretBinary') ?? '', 'base64').toString();
}

/** Roles that ECS tasks may take. */
function roleSource(current: Current): RoleSource {
	return {
		async exists(roleArn) {
			const name = roleArn.split('/').at(-1) ?? '';
			const answer = await current().moto.query({ service: 'iam', region: 'us-east-1', operation: 'GetRole' }, { RoleName: name }).catch((error: unknown) => {
				if (error instanceof AwsError && error.code === 'NoSuchEntity') return undefined;
				throw error;
			});
			const trust = decodeURIComponent(textOf(answer, 'GetRoleResult', 'Role', 'AssumeRolePolicyDocument') ?? '');
			return textOf(answer, 'GetRoleResult', 'Role', 'Arn') === roleArn && trust.includes('ecs-tasks.amazonaws.com') && !current().lag.isYoungRole(name);
		},
		async credentials(roleArn, sessionName) {
			const { callers } = current();
			const made = madeUp(roleArn, Date.now());
			callers.learnKey(made.AccessKeyId, callers.session(roleArn, sessionName));
			return made;
		},
		require: async (roleArn, sessionName, wish) => asAws(Promise.resolve(current().access?.require(roleArn, sessionName, wish))),
	};
}

/** The local ECS knows failures of AWS by a class of its own. */
async function asAws<T>(call: Promise<T>): Promise<T> {
	try {
		return await call;
	} catch (error) {
		throw error instanceof AwsError ? new AwsFailure(error.code, error.message) : error;
	}
}
