import { resolve } from 'node:path';
import type { Entry, StateView } from '../engine/state.ts';
import { readBundle } from '../resources/bundle-files.ts';
import { imageContext } from '../resources/image-context.ts';
import { type AnchorDocument, readAnchor } from '../resources/s3-anchor.ts';
import { ignoring } from '../resources/support.ts';
import type { Goal } from '../stacks/environment.ts';
import { naming, type StackInputs } from '../stacks/inputs.ts';
import { sharedScope } from '../stacks/shared.ts';
import { branchOptions, consequences, recordedBranch } from './branch-options.ts';
import { callerCidr } from './caller-address.ts';
import { serviceWith } from './components.ts';
import { executorOption } from './executor-option.ts';
import { publicAddresses } from './given-network.ts';
import { loginOption } from './login-option.ts';
import { assertSameNetwork } from './network-change.ts';
import type { Options } from './options.ts';
import { recordedPage } from './page-option.ts';
import { chooseZones } from './zones.ts';

/** Gathers all that the stacks are made from: local files, what earlier runs chose, and what AWS has to offer. */
export async function stackInputs(options: Options, states: ReadonlyMap<string, StateView>, goal: Goal): Promise<StackInputs> {
	const { aws, cwd } = options;
	if (goal !== 'upload') assertSameNetwork(options.config, states.get(sharedScope)?.entries ?? {});
	const anchor = await anchorOf(options);
	const config = options.asRecorded ? { ...options.config, ...recordedPage(anchor) } : options.config;
	const entries = (scope: string): Record<string, Entry> => states.get(scope)?.entries ?? {};
	const source = resolve(cwd, config.source);
	const branch = branchOptions(config.environment, options.branch, anchor);
	const before = recordedBranch(anchor?.options);
	if (branch && before) for (const line of consequences(before, branch)) options.warn(line);
	const [bundle, image, zones, assignPublicIp, allowedCidrs] = await Promise.all([
		readBundle(source),
		config.image === undefined ? imageContext(source, config.baseImage, config.architecture) : undefined,
		recordedZones(entries(sharedScope)) ?? (config.vpcId === undefined ? chooseZones(aws, config) : undefined),
		publicAddresses(aws, config),
		cidrs(options, anchor),
	]);
	return {
		config: { ...config, source },
		place: aws,
		zones,
		assignPublicIp,
		allowedCidrs,
		bundle,
		imageHash: image?.hash,
		runningScheduler: goal === 'upload' ? runningScheduler(entries(config.environment)) : undefined,
		executor: executorOption(options, anchor),
		login: loginOption(config, anchor?.options, { isBranch: branch !== undefined }),
		branch,
		...(anchor ? { createdAt: anchor.createdAt } : {}),
	};
}

/** Subnets stay where they are: what AWS offers may change. */
function recordedZones(shared: Record<string, Entry>): [string, string] | undefined {
	const [a, b] = ['subnet-a', 'subnet-b'].map((key) => shared[key]?.inputs['zone']);
	return typeof a === 'string' && typeof b === 'string' ? [a, b] : undefined;
}

function runningScheduler(environment: Record<string, Entry>): string | undefined {
	const service = serviceWith(environment, 'scheduler');
	const taskDefinition = service?.status === 'ready' ? service.outputs?.['taskDefinition'] : undefined;
	return typeof taskDefinition === 'string' ? taskDefinition : undefined;
}

/** A bucket of another account answers AccessDenied, and the bucket's own step explains it. */
async function anchorOf({ config, aws, isNew }: Options): Promise<AnchorDocument | undefined> {
	return isNew ? undefined : ignoring(['AccessDenied'], readAnchor(aws, naming({ config, place: aws }).bucket, config.environment));
}

/** What is configured, else what an earlier run looked up and recorded in the anchor, else the caller's own address. */
async function cidrs({ config, aws, env, warn }: Options, anchor: AnchorDocument | undefined): Promise<readonly string[]> {
	if (config.allowedCidrs !== undefined) return config.allowedCidrs;
	const known = anchor?.options['allowedCidrs'];
	const recorded = Array.isArray(known) ? known.filter((cidr) => typeof cidr === 'string') : [];
	if (recorded.length === 0) return [await callerCidr(aws.endpoint, env)];
	const now = await callerCidr(aws.endpoint, env).catch(() => undefined);
	if (now !== undefined && !recorded.includes(now)) {
		warn(`your address is ${now} now, and the web page lets in ${recorded.join(', ')}: AIRFLOW_DEPLOY_ALLOWED_CIDRS=${now} airflow-deploy up changes that`);
	}
	return recorded;
}
