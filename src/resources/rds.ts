import { AddTagsToResourceCommand, RDSClient, RemoveTagsFromResourceCommand } from '@aws-sdk/client-rds';
import { tagging } from './tagging.ts';

/** Of anything in RDS. */
export const tagRds = tagging<{ arn: string }>(
	({ aws }, { arn }, Tags) => aws.client(RDSClient).send(new AddTagsToResourceCommand({ ResourceName: arn, Tags })),
	({ aws }, { arn }, TagKeys) => aws.client(RDSClient).send(new RemoveTagsFromResourceCommand({ ResourceName: arn, TagKeys })),
);
