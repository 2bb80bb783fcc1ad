import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { AwsFailure, type FileSystems } from './ecs/dependencies.ts';
import { type JsonRecord, memberOf } from './front/call.ts';
import { AwsError } from './front/failure.ts';
import type { Moto } from './moto.ts';
import { items, textOf } from './xml.ts';

export interface Mount {
	readonly fileSystemId: string;
	readonly accessPointId: string | undefined;
	/** Within the file system; `/` where an access point is given. */
	readonly rootDirectory: string;
}

interface AccessPoint {
	readonly fileSystemId: string;
	readonly path: string;
	/** Whose directory it makes where there is none; undefined: it makes none. */
	readonly creates: DirectoryOwner | undefined;
}

export interface DirectoryOwner {
	readonly uid: number;
	readonly gid: number;
	/** Octal. */
	readonly permissions: string;
}

/** Who makes and removes directories: the owners that they have by the API only root can give. */
export interface DirectoryMaker {
	make(path: string, owner: DirectoryOwner): Promise<unknown>;
	remove(path: string): Promise<unknown>;
}

/** Directories of the caller. */
const ownDirectories: DirectoryMaker = { make: (path) => mkdir(path, { recursive: true }), remove: (path) => rm(path, { recursive: true, force: true }) };

/** https://docs.aws.amazon.com/efs/latest/ug/accessing-fs-nfs-permissions.html: the root of a file system is root's. */
const rootOwner: DirectoryOwner = { uid: 0, gid: 0, permissions: '0755' };

/** EFS as directories: `<directory>/<file system>/<path>`. */
export class FileSystemDirectories implements FileSystems {
	readonly #directory: string;
	readonly #moto: Moto;
	readonly #maker: DirectoryMaker;
	readonly #accessPoints = new Map<string, AccessPoint>();

	/** @param maker absent: all directories are the caller's, with owners and modes in the books only */
	constructor(directory: string, moto: Moto, maker = ownDirectories) {
		this.#directory = directory;
		this.#moto = moto;
		this.#maker = maker;
	}

	/** Remembers an access point, from the answer to CreateAccessPoint. */
	learn(described: JsonRecord): void {
		const root = (described['RootDirectory'] ?? {}) as JsonRecord;
		const point = { fileSystemId: memberOf(described, 'FileSystemId') ?? '', path: memberOf(root, 'Path') ?? '/', creates: ownerIn(root['CreationInfo'] as JsonRecord | undefined) };
		this.#accessPoints.set(memberOf(described, 'AccessPointId') ?? '', point);
	}

	async check({ region, subnetId, fileSystemId, accessPointId }: Parameters<FileSystems['check']>[0]): Promise<void> {
		const targets = await this.#list(region, 'DescribeMountTargets', `/mount-targets?FileSystemId=${encodeURIComponent(fileSystemId)}`, 'MountTargets');
		const [subnet] = items(await this.#moto.query({ service: 'ec2', region, operation: 'DescribeSubnets' }, { 'SubnetId.1': subnetId }), 'subnetSet');
		if (!targets.some((target) => memberOf(target, 'AvailabilityZoneName') === textOf(subnet, 'availabilityZone'))) throw unresolvable(region, fileSystemId);
		if (accessPointId === undefined) return;
		const known = await this.#list(region, 'DescribeAccessPoints', `/access-points?AccessPointId=${encodeURIComponent(accessPointId)}`, 'AccessPoints');
		const point = this.#accessPoints.get(accessPointId);
		if (known.length === 0 || point?.fileSystemId !== fileSystemId) throw new AwsFailure('AccessPointNotFound', 'mount.nfs4: access denied by server while mounting 127.0.0.1:/');
		if (!point.creates && !existsSync(this.#path(point.fileSystemId, point.path))) throw new AwsFailure('RootDirectoryMissing', 'mount.nfs4: mounting 127.0.0.1:/ failed, reason given by server: No such file or directory');
	}

	/** The directory behind a mount, made at its first use; one that nobody may mount (see `check`) is an empty one elsewhere. */
	async directoryOf({ fileSystemId, accessPointId, rootDirectory }: Mount): Promise<string> {
		const point = accessPointId === undefined ? { fileSystemId, path: rootDirectory, creates: rootOwner } : this.#accessPoints.get(accessPointId);
		const path = point && this.#path(point.fileSystemId, point.path);
		const mounted = path !== undefined && (point?.creates || existsSync(path)) ? path : join(this.#directory, 'unmountable');
		await this.#maker.make(this.#path(point?.fileSystemId ?? '', '/'), rootOwner);
		await this.#maker.make(mounted, point?.creates ?? rootOwner);
		return mounted;
	}

	/** Removes the files of one file system, or of all. */
	async remove(fileSystemId = ''): Promise<void> {
		await this.#maker.remove(join(this.#directory, fileSystemId));
	}

	/** Never outside of the file system, whatever the path says. */
	#path(fileSystemId: string, path: string): string {
		return join(this.#directory, normalize(`/${fileSystemId}`), normalize(`/${path}`));
	}

	async #list(region: string, operation: string, target: string, list: string): Promise<JsonRecord[]> {
		const answer = await this.#moto.rest({ service: 'elasticfilesystem', region, operation }, 'GET', `/2015-02-01${target}`).catch((error: unknown): JsonRecord => {
			if (error instanceof AwsError && error.status < 500) return {};
			throw error;
		});
		return (answer[list] ?? []) as JsonRecord[];
	}
}

function ownerIn(creation: JsonRecord | undefined): DirectoryOwner | undefined {
	return creation && { uid: Number(creation['OwnerUid']), gid: Number(creation['OwnerGid']), permissions: memberOf(creation, 'Permissions') ?? '0755' };
}

function unresolvable(region: string, fileSystemId: string): AwsFailure {
	return new AwsFailure('FileSystemNotFound', `Failed to resolve "${fileSystemId}.efs.${region}.amazonaws.com" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.`);
}
