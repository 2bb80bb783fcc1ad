import type { Config } from '../config/config.ts';
import type { Entries } from '../engine/state.ts';
import { Exit, UserError } from '../errors.ts';

interface Recorded {
	/** Made by us, not given. */
	readonly own: boolean;
	readonly vpcId: string;
	readonly subnetIds: readonly string[];
}

/**
 * A network stays what it is while anything stands in it: AWS moves neither a database's subnet group nor mount targets to
 * another VPC, keeps subnets that they use, and has one mount target per file system and zone.
 * @param shared what is recorded of the shared stack
 * @throws UserError `NetworkFixed`, before any call
 */
export function assertSameNetwork({ vpcId, subnetIds, project }: Pick<Config, 'vpcId' | 'subnetIds' | 'project'>, shared: Entries): void {
	const stands = recordedNetwork(shared);
	if (!stands || isSame(stands, vpcId, subnetIds)) return;
	const now = stands.own ? `a VPC of its own, ${stands.vpcId}` : `${stands.vpcId} with ${stands.subnetIds.join(' and ')}`;
	const wanted = vpcId === undefined ? 'a VPC of its own' : `${vpcId} with ${subnetIds.join(' and ')}`;
	const back = stands.own ? 'unset AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS' : `set AIRFLOW_DEPLOY_VPC_ID=${stands.vpcId} and AIRFLOW_DEPLOY_SUBNET_IDS=${stands.subnetIds.join(',')}`;
	throw new UserError('NetworkFixed', `${project} stands in ${now}, and AWS cannot move it to ${wanted}: database and file system stay where they were made`, {
		hint: `${back}; or remove all environments first: airflow-deploy teardown`,
		exit: Exit.usage,
	});
}

function isSame({ own, vpcId, subnetIds }: Recorded, wantedVpc: string | undefined, wantedSubnets: readonly string[]): boolean {
	if (own || wantedVpc === undefined) return own && wantedVpc === undefined;
	return vpcId === wantedVpc && subnetIds.join() === wantedSubnets.join();
}

/** Undefined where none is recorded as made. */
function recordedNetwork(shared: Entries): Recorded | undefined {
	const [vpcId, a, b] = [shared['vpc']?.outputs?.['vpcId'], ...['subnet-a', 'subnet-b'].map((key) => shared[key]?.outputs?.['subnetId'])];
	if (typeof vpcId !== 'string' || typeof a !== 'string' || typeof b !== 'string') return undefined;
	return { own: shared['vpc']?.type === 'AWS::EC2::VPC', vpcId, subnetIds: [a, b] };
}
