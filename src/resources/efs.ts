/** A file system's ARN for grants; access points and mount targets are checked on it too. */
export const fileSystemArn = 'arn:{partition}:elasticfilesystem:{region}:{account}:file-system/*';
export const accessPointArn = 'arn:{partition}:elasticfilesystem:{region}:{account}:access-point/*';
