import { EFSClient, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-efs';
import type { Grant } from '../engine/resource.ts';
import { grantsObject } from './ownership.ts';
import { tagging } from './tagging.ts';

/** A file system's ARN for grants; access points and mount targets are checked on it too. */
export const fileSystemArn = 'arn:{partition}:elasticfilesystem:{region}:{account}:file-system/*';
export const accessPointArn = 'arn:{partition}:elasticfilesystem:{region}:{account}:access-point/*';

/** Of file systems and access points. */
export function tagEfs<Outputs>(idOf: (outputs: Outputs) => string) {
	return tagging<Outputs>(
		({ aws }, outputs, Tags) => aws.client(EFSClient).send(new TagResourceCommand({ ResourceId: idOf(outputs), Tags })),
		({ aws }, outputs, TagKeys) => aws.client(EFSClient).send(new UntagResourceCommand({ ResourceId: idOf(outputs), TagKeys })),
	);
}

/** For changing the tags of what is ours. */
export function retagGrants(arn: string): Grant[] {
	return [{ actions: ['elasticfilesystem:TagResource', 'elasticfilesystem:UntagResource'], on: [arn], for: 'up', condition: grantsObject }];
}
