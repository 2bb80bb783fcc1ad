import { Exit, UserError } from '../errors.ts';
import { balancerProblems } from './balancer.ts';
import { readDotenv } from './dotenv.ts';
import { sizeProblems } from './fargate.ts';
import { nameProblems } from './names.ts';
import { nearest } from './nearest.ts';
import { findRegion, type Region, regionProblem } from './region.ts';
import { type Config, prefix, type Setting, type SettingKey, settings } from './settings.ts';

export type { Config } from './settings.ts';

/** Flags that say what the configuration says too, and win. */
export interface ConfigFlags {
	readonly environment?: string | undefined;
	readonly target?: string | undefined;
	readonly region?: string | undefined;
	readonly profile?: string | undefined;
}

export interface Loaded {
	readonly config: Config;
	readonly region: Region;
	/** The process's environment over `.env`. */
	readonly env: NodeJS.ProcessEnv;
}

/**
 * Flags over environment over `.env` in `cwd` over defaults.
 * @throws UserError with exit 2 that lists every problem at once
 */
export async function loadConfig({ flags = {}, env, cwd }: { flags?: ConfigFlags; env: NodeJS.ProcessEnv; cwd: string }): Promise<Loaded> {
	const merged: NodeJS.ProcessEnv = { ...(await readDotenv(cwd)), ...env };
	const region = await findRegion(flags, merged);
	const { config, problems } = read(merged, flags);
	const all = [...unknownNames(merged), ...problems, ...[regionProblem(region)].filter((problem) => problem !== undefined)];
	if (all.length === 0) all.push(...crossChecks(config, region.name));
	if (all.length > 0) throw invalid(all);
	return { config, region, env: merged };
}

function read(env: NodeJS.ProcessEnv, flags: ConfigFlags): { config: Config; problems: string[] } {
	const values: Record<string, unknown> = {};
	const problems: string[] = [];
	for (const [key, setting] of Object.entries(settings) as [SettingKey, Setting][]) {
		const flag = key === 'environment' || key === 'target' ? flags[key] : undefined;
		const given = flag ?? (env[prefix + setting.name] || undefined);
		const label = flag === undefined ? prefix + setting.name : key === 'target' ? '--target' : '--env';
		const parsed = setting.check.safeParse(given ?? setting.default);
		if (parsed.success) values[key] = parsed.data;
		else problems.push(...parsed.error.issues.map(({ message }) => `${label}: ${shown(setting, given, message)}`));
	}
	return { config: values as Config, problems };
}

/** Quotes the value unless the message does it already, or the value is a secret. */
function shown({ name }: Setting, given: string | undefined, message: string): string {
	return message.startsWith('"') || name.endsWith('SECRET') ? message : `"${given ?? ''}" ${message}`;
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
	const known = Object.values<Setting>(settings).map(({ name }) => prefix + name);
	return Object.keys(env).filter((name) => name.startsWith(prefix) && !known.includes(name)).map((name) => {
		const meant = nearest(name, known);
		return `${name}: there is no such setting${meant === undefined ? ' (.env.example lists them)' : `: did you mean ${meant}?`}`;
	});
}

/** Checks that need more than one value. */
function crossChecks(config: Config, region: string): string[] {
	const problems = [...nameProblems(config, region), ...sizeProblems(config), ...balancerProblems(config, region)];
	const { vpcId, subnetIds } = config;
	if (vpcId !== undefined && (subnetIds.length !== 2 || new Set(subnetIds).size !== 2)) problems.push(`${prefix}SUBNET_IDS: two subnets of ${vpcId} are needed, in different zones`);
	if (vpcId === undefined && subnetIds.length > 0) problems.push(`${prefix}VPC_ID: is needed with ${prefix}SUBNET_IDS`);
	if (vpcId === undefined && config.assignPublicIp === false) problems.push(`${prefix}ASSIGN_PUBLIC_IP: the subnets that are made lead to an internet gateway, which carries public addresses only: false needs ${prefix}VPC_ID`);
	return problems;
}

function invalid(problems: readonly string[]): UserError {
	const message = problems.length === 1 ? `the configuration is not valid: ${problems[0]}` : `the configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
	return new UserError('InvalidConfiguration', message, { hint: 'edit .env, or the variables of your shell', exit: Exit.usage });
}
