import type { Account, Laws } from '../account.ts';
import { type Call, json, type JsonRecord, memberOf } from '../front/call.ts';
import { type Answer, AwsError, jsonAnswer } from '../front/failure.ts';
import { Settling } from './settling.ts';

/** States last at least so long that they are seen by whoever does not wait. */
const shortest = 300;
/** By the beginning of the id. */
const waits = { 'fs-': 'fileSystem', 'fsmt-': 'mountTarget', 'fsap-': 'accessPoint' } as const;

/** Life cycles of file systems and mount targets, client tokens, and UpdateFileSystem, which moto lacks. */
export function efsLaws({ moto, interfaces, roles, files, lag }: Account): Laws {
	const settling = new Settling({
		creating: (id) => Math.max(shortest, ...Object.entries(waits).map(([start, wait]) => (id.startsWith(start) ? lag.milliseconds(wait) : 0))),
		deleting: () => Math.max(shortest, lag.milliseconds('efsRemoval')),
	});
	const updates = new Map<string, JsonRecord>();
	const accessPointTokens = new Map<string, string>();
	const ask = ({ region }: Call, operation: string, target: string, method = 'GET'): Promise<JsonRecord> => moto.rest({ service: 'elasticfilesystem', region, operation }, method, `/2015-02-01${target}`);
	const fileSystem = async (call: Call, id: string): Promise<JsonRecord> => listOf(await ask(call, 'DescribeFileSystems', `/file-systems?FileSystemId=${encodeURIComponent(id)}`), 'FileSystems')[0] ?? {};

	const asIs = (shown: JsonRecord, id: string): JsonRecord => {
		const state = settling.stateOf(memberOf(shown, id) ?? '');
		return { ...shown, ...updates.get(memberOf(shown, id) ?? ''), ...(state === undefined ? {} : { LifeCycleState: state }) };
	};
	const requireAvailable = async (call: Call): Promise<void> => {
		const id = memberOf(json(call), 'FileSystemId') ?? '';
		await fileSystem(call, id);
		if (settling.stateOf(id) !== undefined) throw new AwsError('IncorrectFileSystemLifeCycleState', `File system '${id}' is not in the available state.`, { status: 409 });
	};
	const requireSettledTarget = (call: Call): void => {
		const id = segment(call, 3);
		if (settling.stateOf(id) !== undefined) throw new AwsError('IncorrectMountTargetState', `Mount target '${id}' is not in the available state.`, { status: 409 });
	};
	/** The object is `deleting` for a moment, then moto forgets it too. */
	const deleteLater = (call: Call, id: string): Answer => {
		const remove = async (): Promise<void> => {
			await moto.rest({ service: 'elasticfilesystem', region: call.region, operation: call.operation }, 'DELETE', call.target);
			if (call.operation === 'DeleteFileSystem') await files.remove(id);
		};
		if (settling.stateOf(id) !== 'deleting') settling.end(id, remove);
		return { status: 204, headers: {}, body: Buffer.alloc(0) };
	};

	return {
		CreateFileSystem: {
			async before(call) {
				await roles.ensure('elasticfilesystem.amazonaws.com');
				const { ThroughputMode, PerformanceMode, KmsKeyId, Encrypted } = json(call);
				if (ThroughputMode === 'elastic' && PerformanceMode === 'maxIO') throw new AwsError('BadRequest', 'Elastic throughput is not supported with the maxIO performance mode.');
				if (KmsKeyId !== undefined && Encrypted !== true) throw new AwsError('BadRequest', 'A KMS key was given for a file system that is not encrypted.');
			},
			async after(call, answer) {
				const made = bodyOf(answer);
				if (answer.status < 300) return changed(answer, begun(settling, made, 'FileSystemId'));
				if (answer.status !== 409) return answer;
				const [existing] = listOf(await ask(call, 'DescribeFileSystems', `/file-systems?CreationToken=${encodeURIComponent(memberOf(json(call), 'CreationToken') ?? '')}`), 'FileSystems');
				return changed(answer, { ...made, FileSystemId: existing?.['FileSystemId'] });
			},
		},
		DescribeFileSystems: { after: (_call, answer) => mapped(answer, 'FileSystems', (shown) => asIs(shown, 'FileSystemId')) },
		UpdateFileSystem: {
			async before(call) {
				const id = segment(call, 3);
				const found = await fileSystem(call, id);
				const { ThroughputMode, ProvisionedThroughputInMibps } = json(call);
				updates.set(id, { ...updates.get(id), ...(ThroughputMode === undefined ? {} : { ThroughputMode }), ...(ProvisionedThroughputInMibps === undefined ? {} : { ProvisionedThroughputInMibps }) });
				return jsonAnswer(202, asIs(found, 'FileSystemId'));
			},
		},
		DeleteFileSystem: {
			async before(call) {
				const id = segment(call, 3);
				const targets = listOf(await ask(call, 'DescribeMountTargets', `/mount-targets?FileSystemId=${encodeURIComponent(id)}`), 'MountTargets');
				if (targets.length > 0) throw new AwsError('FileSystemInUse', 'You cannot delete a file system that has mount targets. Please delete all mount targets before deleting the file system.', { status: 409 });
				return deleteLater(call, id);
			},
		},
		PutFileSystemPolicy: {
			before(call) {
				try {
					JSON.parse(memberOf(json(call), 'Policy') ?? '');
				} catch {
					throw new AwsError('InvalidPolicyException', 'Policy is not valid JSON.');
				}
			},
		},
		DescribeFileSystemPolicy: { before: async (call) => void (await fileSystem(call, segment(call, 3))) },
		// moto has no such operation; it takes an empty policy for none.
		DeleteFileSystemPolicy: {
			async before(call) {
				await fileSystem(call, segment(call, 3));
				await moto.rest({ service: 'elasticfilesystem', region: call.region, operation: 'PutFileSystemPolicy' }, 'PUT', call.target, { Policy: '' });
				return { status: 200, headers: {}, body: Buffer.alloc(0) };
			},
		},
		DescribeMountTargetSecurityGroups: { before: requireSettledTarget },
		ModifyMountTargetSecurityGroups: { before: requireSettledTarget },
		CreateMountTarget: {
			async before(call) {
				await requireAvailable(call);
			},
			async after(call, answer) {
				if (answer.status >= 300) return answer;
				const made = bodyOf(answer);
				await interfaces.adopt(call.region, memberOf(made, 'NetworkInterfaceId') ?? '', `EFS mount target for ${memberOf(made, 'FileSystemId')} (${memberOf(made, 'MountTargetId')})`);
				return changed(answer, begun(settling, made, 'MountTargetId'));
			},
		},
		DescribeMountTargets: { after: (_call, answer) => mapped(answer, 'MountTargets', (shown) => asIs(shown, 'MountTargetId')) },
		DeleteMountTarget: {
			async before(call) {
				const id = segment(call, 3);
				await ask(call, 'DescribeMountTargets', `/mount-targets?MountTargetId=${encodeURIComponent(id)}`);
				return deleteLater(call, id);
			},
		},
		CreateAccessPoint: {
			async before(call) {
				await requireAvailable(call);
				const known = accessPointTokens.get(memberOf(json(call), 'ClientToken') ?? '');
				if (known !== undefined) throw new AwsError('AccessPointAlreadyExists', `Access point already exists: ${known}`, { status: 409, members: { AccessPointId: known } });
			},
			after(call, answer) {
				if (answer.status >= 300) return answer;
				const made = bodyOf(answer);
				files.learn(made);
				accessPointTokens.set(memberOf(json(call), 'ClientToken') ?? '', memberOf(made, 'AccessPointId') ?? '');
				return changed(answer, begun(settling, made, 'AccessPointId'));
			},
		},
		DescribeAccessPoints: { after: (_call, answer) => mapped(answer, 'AccessPoints', (shown) => asIs(shown, 'AccessPointId')) },
		DeleteAccessPoint: {
			after(call, answer) {
				const id = segment(call, 3);
				if (answer.status < 300) for (const [token, known] of accessPointTokens) if (known === id) accessPointTokens.delete(token);
				return answer;
			},
		},
	};
}

function begun(settling: Settling, made: JsonRecord, id: string): JsonRecord {
	settling.begin(memberOf(made, id) ?? '');
	return { ...made, LifeCycleState: 'creating' };
}

function bodyOf({ body }: Answer): JsonRecord {
	return JSON.parse(body.toString()) as JsonRecord;
}

function changed(answer: Answer, body: JsonRecord): Answer {
	return { ...answer, body: Buffer.from(JSON.stringify(body)) };
}

function mapped(answer: Answer, list: string, change: (shown: JsonRecord) => JsonRecord): Answer {
	if (answer.status !== 200) return answer;
	const body = bodyOf(answer);
	return changed(answer, { ...body, [list]: listOf(body, list).map(change) });
}

function listOf(body: JsonRecord, name: string): JsonRecord[] {
	const list = body[name];
	return Array.isArray(list) ? (list as JsonRecord[]) : [];
}

/** `/2015-02-01/file-systems/fs-1/policy`: the third is the id. */
function segment({ url }: Call, index: number): string {
	return decodeURIComponent(url.pathname.split('/')[index] ?? '');
}
