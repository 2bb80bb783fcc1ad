export const hoursPerMonth = 730;

/**
 * List prices in USD of one region as they stood on a day: since then public IPv4 addresses cost. Other regions differ by up
 * to about a third; free tiers, discounts and taxes are left out.
 */
export const prices = {
	date: '2024-02-01',
	region: 'us-east-1',
	sources: [
		'https://aws.amazon.com/fargate/pricing/',
		'https://aws.amazon.com/vpc/pricing/',
		'https://aws.amazon.com/elasticloadbalancing/pricing/',
		'https://aws.amazon.com/rds/postgresql/pricing/',
		'https://aws.amazon.com/secrets-manager/pricing/',
		'https://aws.amazon.com/cloudwatch/pricing/',
		'https://aws.amazon.com/efs/pricing/',
		'https://aws.amazon.com/ecr/pricing/',
		'https://aws.amazon.com/s3/pricing/',
	],
	/** Linux on x86. */
	fargateVcpuHour: 0.04048,
	fargateGbHour: 0.004445,
	publicIpv4Hour: 0.005,
	/** Application load balancer; a unit (LCU) is 25 new connections a second, 3,000 at a time, or 1 GB an hour. */
	balancerHour: 0.0225,
	balancerUnitHour: 0.008,
	/** RDS storage, single zone. */
	gp3GbMonth: 0.115,
	/** Of a snapshot or backup that outlives its instance. */
	snapshotGbMonth: 0.095,
	secretMonth: 0.4,
	/** Ingestion into CloudWatch Logs. */
	logGb: 0.5,
	efsGbMonth: 0.3,
	ecrGbMonth: 0.1,
	s3GbMonth: 0.023,
	/** RDS for PostgreSQL, single zone, an hour. */
	databaseHour: {
		'db.t4g.micro': 0.016,
		'db.t4g.small': 0.032,
		'db.t4g.medium': 0.065,
		'db.t4g.large': 0.129,
		'db.t3.micro': 0.018,
		'db.t3.small': 0.036,
		'db.t3.medium': 0.072,
		'db.m6g.large': 0.159,
		'db.m7g.large': 0.168,
		'db.r6g.large': 0.225,
	} satisfies Readonly<Record<string, number>> as Readonly<Record<string, number>>,
} as const;
