import { readProfile } from './profile.ts';

export interface Region {
	readonly name: string;
	/** Where it was found, for people: `--region`, `AWS_REGION`, `profile dev`, `default`. */
	readonly source: string;
}

/** Where to deploy: flag, AWS_REGION, AWS_DEFAULT_REGION, the profile's, else us-east-1. */
export async function findRegion(flags: { region?: string | undefined; profile?: string | undefined }, env: NodeJS.ProcessEnv): Promise<Region> {
	const profile = flags.profile ?? (env['AWS_PROFILE'] || 'default');
	const given: [string | undefined, string][] = [
		[flags.region, '--region'],
		[env['AWS_REGION'], 'AWS_REGION'],
		[env['AWS_DEFAULT_REGION'], 'AWS_DEFAULT_REGION'],
	];
	for (const [name, source] of given) if (name) return { name, source };
	const { region: name } = await readProfile(profile, env);
	return name === undefined ? { name: 'us-east-1', source: 'default' } : { name, source: `profile ${profile}` };
}

/** `us-east-1`, `us-gov-west-1`, `eusc-de-east-1` … */
export function regionProblem({ name, source }: Region): string | undefined {
	return /^[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}$/.test(name) ? undefined : `${source}: "${name}" is not shaped like an AWS region, e.g. eu-central-1`;
}
