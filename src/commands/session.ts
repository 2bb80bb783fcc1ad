import type { Aws } from '../aws/clients.ts';
import { loadConfig } from '../config/config.ts';
import { readProfile } from '../config/profile.ts';
import { filesOf } from '../environment/places.ts';
import { UserError } from '../errors.ts';
import type { LendSignals } from '../interrupts.ts';
import type { Io } from '../ui/io.ts';
import { commandFlags, placeFlags } from '../ui/render/up.ts';
import type { Ui } from '../ui/ui.ts';
import type { CommandContext, ConnectionWishes } from './context.ts';
import type { Command } from './define.ts';
import { localEndpoint } from './local-endpoint.ts';
import { connectTarget, localAccount, nothingUp, otherPlace } from './target.ts';

/** Flags that every command takes. */
export interface GlobalFlags {
	readonly target?: string;
	readonly local?: true;
	readonly env?: string;
	readonly json?: true;
	readonly yes?: true;
	readonly verbose?: true;
	readonly region?: string;
	readonly profile?: string;
}

interface SessionOptions {
	readonly command: Command;
	readonly path: string;
	readonly flags: GlobalFlags;
	readonly io: Io;
	readonly ui: Ui;
	readonly signal: AbortSignal;
	readonly lendSignals: LendSignals;
	/** Told where calls will go, for advice about errors. */
	readonly onPlace: (place: { region: string; profile?: string | undefined; endpoint?: string | undefined }) => void;
}

/** Reads the configuration and lays out what the command works with; nothing is called yet. */
export async function openSession({ command, path, flags, io, ui, signal, lendSignals, onPlace }: SessionOptions): Promise<CommandContext> {
	const target = flags.local ? 'local' : flags.target;
	const { config, region, env } = await loadConfig({ flags: { environment: flags.env, target, region: flags.region, profile: flags.profile }, env: io.env, cwd: io.cwd });
	if (io.env === process.env) exposeToSdk(env);
	const local = localEndpoint(io.cwd, (line) => ui.busy(line));
	const place = { region: region.name, profile: flags.profile };
	const search = { cwd: io.cwd, local, config };
	onPlace({ ...place, endpoint: config.target === 'aws' ? env['AWS_ENDPOINT_URL'] : undefined });
	if (config.target === 'aws') await noteRedirections(env, flags.profile, ui);

	const reach = async (how: ConnectionWishes): Promise<Aws | undefined> => {
		const observe = flags.verbose ? { observe: (call: { service: string; operation: string }) => ui.note(`call ${call.service} ${call.operation}`) } : {};
		const aws = await connectTarget({ ...place, target: config.target, env, local, starts: command.starts === true, ...observe, ...how }).catch(async (error: unknown) => {
			throw await hintAtLocal(error, command, () => otherPlace(search, { account: '', region: region.name }));
		});
		if (aws) onPlace({ ...place, endpoint: aws.endpoint });
		return aws;
	};
	const about = commandFlags(config) + placeFlags(flags);
	return {
		flags: about, config, region, env, cwd: io.cwd, signal, lendSignals, ui, io, json: flags.json === true, verbose: flags.verbose === true, local,
		connectIfUp: () => reach({}),
		async connect(how) {
			const aws = await reach(how ?? {});
			if (aws === undefined) throw await nothingUp(search, { account: localAccount, region: region.name });
			return aws;
		},
		async environment(aws, { name = config.environment, source = config.source, branch, executor } = {}) {
			const { openEnvironment } = await import('../environment/environment.ts');
			const observe = ui.observer(filesOf(io.cwd, aws, name).history);
			return openEnvironment({
				config: { ...config, environment: name, source }, aws, target: config.target, cwd: io.cwd, env, signal, observe,
				command: name === config.environment ? path + about : `${path} ${name}${commandFlags({ ...config, environment: 'main' })}${placeFlags(flags)}`,
				...(branch ? { branch } : {}),
				...(executor ? { executor } : {}),
				warn: (line) => ui.note(line),
				confirmRecreate: (keys) => confirmRecreate(ui, keys),
			});
		},
	};
}

/** The SDK's default chain reads process.env: what `.env` says about AWS must be there. */
function exposeToSdk(env: NodeJS.ProcessEnv): void {
	for (const [name, value] of Object.entries(env)) if (name.startsWith('AWS_') && value) process.env[name] ??= value;
}

/** A variable, or the profile, can send the calls of one service or all elsewhere in silence. */
async function noteRedirections(env: NodeJS.ProcessEnv, flag: string | undefined, ui: Ui): Promise<void> {
	if (env['AWS_ENDPOINT_URL']) return;
	for (const name of Object.keys(env)) if (name.startsWith('AWS_ENDPOINT_URL_')) ui.note(`note: ${name} sends the calls of one service to ${env[name]}`);
	const profile = flag ?? (env['AWS_PROFILE'] || 'default');
	const { endpoints } = await readProfile(profile, env);
	for (const [service, url] of Object.entries(endpoints)) ui.note(`note: profile ${profile} sends ${service === 'all' ? 'all calls' : `the calls of ${service}`} to ${url}`);
}

/** Without credentials, commands about what is up say so where it is up locally. */
async function hintAtLocal(error: unknown, { starts }: Command, other: () => Promise<string | undefined>): Promise<unknown> {
	if (!(error instanceof UserError) || error.code !== 'NoCredentials' || starts === true) return error;
	const hint = await other();
	return hint === undefined ? error : new UserError(error.code, error.message, { hint, exit: error.exit, cause: error.cause });
}

async function confirmRecreate(ui: Ui, keys: readonly string[]): Promise<boolean> {
	ui.note(`AWS no longer shows ${keys.length === 1 ? 'an object' : `${keys.length} objects`} that this environment had: ${keys.join(', ')}`);
	await ui.confirm('Type recreate to make them again', 'recreate');
	return true;
}
