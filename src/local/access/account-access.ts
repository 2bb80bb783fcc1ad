import type { Ecs } from '../ecs/dependencies.ts';
import { memberOf } from '../front/call.ts';
import type { Moto } from '../moto.ts';
import { Access, type AccessWorld } from './access.ts';
import type { Look } from './asked.ts';
import type { Callers } from './callers.ts';
import { record, tagsByArn } from './tags.ts';

interface Place {
	/** 12 digits. */
	readonly account: string;
	readonly moto: Moto;
	readonly callers: Callers;
	readonly ecs: () => Ecs;
	readonly note: AccessWorld['note'];
}

/** Least privilege in an account of this endpoint. */
export function accountAccess(place: Place): Access {
	const { account, moto, callers, ecs, note } = place;
	const ecsTags = async (region: string, resourceArn: string) => record((await ecs().handle('ListTagsForResource', { resourceArn }, { region })).body['tags']);
	return new Access({ account, callers, note, look: lookIn(place), tags: (arn) => tagsByArn({ moto, ecsTags }, arn) });
}

function lookIn({ moto, callers, ecs }: Place): Look {
	return {
		roleArn: (name) => callers.roleArn(name),
		async taskDefinition(region, taskDefinition) {
			const { status, body } = await ecs().handle('DescribeTaskDefinition', { taskDefinition }, { region });
			if (status >= 400) return undefined;
			const found = body['taskDefinition'] as Record<string, unknown>;
			return { arn: memberOf(found, 'taskDefinitionArn') ?? '', roles: ['taskRoleArn', 'executionRoleArn'].flatMap((role) => memberOf(found, role) ?? []) };
		},
		async fileSystemOf(region, mountTarget) {
			const answer = await moto.rest({ service: 'elasticfilesystem', region, operation: 'DescribeMountTargets' }, 'GET', `/2015-02-01/mount-targets?MountTargetId=${encodeURIComponent(mountTarget)}`).catch(() => undefined);
			const [target] = (answer?.['MountTargets'] ?? []) as Record<string, unknown>[];
			return target && memberOf(target, 'FileSystemId');
		},
		async objectThere(bucket, key, version) {
			const target = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${version === undefined ? '' : `?versionId=${encodeURIComponent(version)}`}`;
			const { status } = await moto.send({ service: 's3', region: 'us-east-1', operation: 'HeadObject', accessKey: 'local', method: 'HEAD', target, headers: {}, body: undefined });
			return status < 400;
		},
		async secretArn(region, name) {
			const found = await moto.json({ service: 'secretsmanager', region, operation: 'DescribeSecret' }, 'secretsmanager', { SecretId: name }).catch(() => undefined);
			return found && memberOf(found, 'ARN');
		},
	};
}
