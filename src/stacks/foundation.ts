import type { Aws } from '../aws/clients.ts';
import type { Stack } from '../engine/stack.ts';
import { AccessPoint } from '../resources/efs-access-point.ts';
import { Anchor } from '../resources/s3-anchor.ts';
import { anchorOptions, type StackInputs } from './inputs.ts';
import { addLogGroups } from './logs.ts';
import type { Shared } from './shared.ts';

/** What every environment begins with: its anchor, before all else; its part of the file system; its log groups. */
export function addFoundation(stack: Stack<Aws>, inputs: StackInputs, { bucket, bucketSettings, fileSystem }: Shared) {
	const anchor = stack.add(Anchor, 'anchor', { bucket, settings: bucketSettings }, ({ bucket }) => ({
		bucket: bucket.name,
		options: anchorOptions(inputs),
	}));
	const accessPoint = stack.add(AccessPoint, 'access-point', { anchor, fileSystem }, ({ fileSystem }) => ({
		fileSystemId: fileSystem.fileSystemId,
		path: `/${inputs.config.environment}`,
		uid: 50000,
		gid: 50000,
		permissions: '0755',
	}));
	return { anchor, accessPoint, logs: addLogGroups(stack, inputs, { anchor }) };
}
