import { isLoopback } from '../aws/loopback.ts';
import type { Entries } from '../engine/state.ts';
import { imageCanBeBuilt } from '../resources/build-image.ts';
import { isStored, missingSecret } from '../resources/given-secret.ts';
import type { Goal } from '../stacks/environment.ts';
import { naming, type StackInputs } from '../stacks/inputs.ts';
import type { LoginOptions } from '../stacks/login.ts';
import { clientSecretRole } from '../stacks/secrets.ts';
import { sharedScope } from '../stacks/shared.ts';
import { assertAccountSettings } from './account-settings.ts';
import { assertBalancerNetwork } from './balancer-network.ts';
import { assertDomain } from './domain-checks.ts';
import { addressesNeeded, assertGivenNetwork } from './given-network.ts';
import { assertCompleteLogin, assertSafeReturn, loginOf } from './login-option.ts';
import type { Options } from './options.ts';
import { elsewhere } from './places.ts';
import { assertQuotas, remarkOnWorkers } from './quotas.ts';
import { assertComplete } from './source-folder.ts';
import { recordedWorkers } from './workers.ts';

/** RDS's classes for accounts on the free plan (AWS Free Tier, "Amazon RDS"). */
const freeClasses = ['db.t4g.micro', 'db.t3.micro'];

/**
 * What would stop a deployment late, looked at before the first create; names, sizes and other values are checked with the
 * configuration, zones and the database's version and class with the stack's inputs. What cannot be read is reported as not
 * checked, never as a failure.
 * @param recorded of the environment
 * @param shared what is recorded of the shared stack: where it stands, it has passed its own checks
 * @throws UserError the first obstacle; nothing was made then
 */
export async function preflight(options: Options, inputs: StackInputs, recorded: Entries, goal: Goal, shared: Entries = {}): Promise<void> {
	// It uses the bucket, and nothing that costs a quota, a network or an image.
	if (goal === 'upload') return;
	const { config } = options;
	assertComplete(inputs.config, options.warn);
	assertSafeReturn(inputs.login.auth, config, options.aws.endpoint);
	assertCompleteLogin(inputs.login);
	const isFirst = Object.keys(recorded).length === 0;
	const checks = [image(options, inputs, recorded), clientSecret(options, inputs, loginOf(recorded))];
	if (config.vpcId !== undefined) checks.push(assertGivenNetwork(options, config.vpcId, isFirst ? addressesNeeded.first : addressesNeeded.release));
	if (!inputs.branch) checks.push(assertDomain(options, recorded), assertBalancerNetwork(options));
	const hasShared = shared['cluster']?.status === 'ready';
	// Another environment has been where the shared stack stands: there is room for a branch, which needs least of all.
	if (isFirst && !(hasShared && inputs.branch)) checks.push(assertQuotas(options, { branch: inputs.branch, hasNetwork: hasShared }));
	// The local target runs what fits on the machine, whatever its quota says.
	if (inputs.executor === 'ecs' && !recordedWorkers(recorded) && !isLoopback(options.aws.endpoint)) checks.push(remarkOnWorkers(options, inputs));
	if (isFirst && !hasShared) checks.push(assertAccountSettings(options));
	if (isFirst) remarks(options, inputs);
	await Promise.all(checks);
}

/** Whether the image is there, or can be built here. */
async function image({ aws }: Options, inputs: StackInputs, recorded: Entries): Promise<void> {
	const { imageHash } = inputs;
	if (imageHash === undefined || recorded['image']?.outputs?.['tag'] === imageHash) return;
	await imageCanBeBuilt(aws, { repositoryName: naming(inputs).in(sharedScope).object('images'), hash: imageHash });
}

/** Whether the login provider's secret is given, or stored; one that was stored is of the client that it was given for. */
async function clientSecret({ aws }: Options, inputs: StackInputs, before: LoginOptions): Promise<void> {
	const { login, config } = inputs;
	if (login.auth === 'db' || config.oauthClientSecret !== undefined) return;
	const isSameClient = before.auth === login.auth && before.issuer === login.issuer && before.clientId === login.clientId;
	if (isSameClient && (await isStored(aws, naming(inputs).in(config.environment).object(clientSecretRole)))) return;
	throw missingSecret();
}

/** What somebody may have overlooked, and what AWS may refuse and nobody can ask. */
function remarks({ config, aws, cwd, warn }: Options, { branch }: StackInputs): void {
	const { dbInstanceClass, image, environment } = config;
	const others = elsewhere(cwd, aws, environment).filter((place) => !place.startsWith('000000000000-'));
	if (others.length > 0) warn(`${environment} stands in ${others.join(', ')} already: this makes another one, in ${aws.account}-${aws.region}`);
	if (!branch && !freeClasses.includes(dbInstanceClass)) warn(`not checked: whether the account is on AWS's free plan, which has no ${dbInstanceClass} (${freeClasses.join(' and ')} it has)`);
	if (image !== undefined && isOnDockerHub(image)) warn(`${image} comes from Docker Hub, which limits anonymous pulls (100 in 6 hours an address): tasks may fail with toomanyrequests. public.ecr.aws has copies of official images`);
}

/** A first part with a dot, a colon or `localhost` is a registry; without one it is Docker Hub. */
export function isOnDockerHub(reference: string): boolean {
	const [host = '', ...rest] = reference.split('/');
	return rest.length === 0 || !(/[.:]/.test(host) || host === 'localhost') || /(^|\.)docker\.io$/.test(host);
}
