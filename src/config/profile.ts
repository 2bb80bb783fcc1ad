import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the SDK takes from a profile and a user may have forgotten. */
export interface Profile {
	readonly region: string | undefined;
	/** URLs that take the place of AWS's, by service id, `all` for all of them. */
	readonly endpoints: Readonly<Record<string, string>>;
}

type Members = Readonly<Record<string, string>>;

/** Reads the shared configuration file (docs.aws.amazon.com/sdkref, "Shared config and credentials files", "Service-specific endpoints"). */
export async function readProfile(name: string, env: NodeJS.ProcessEnv): Promise<Profile> {
	const path = env['AWS_CONFIG_FILE'] || join(env['HOME'] || homedir(), '.aws', 'config');
	const sections = parse(await readFile(path, 'utf8').catch(() => ''));
	const { region, services, endpoint_url: url } = sections[name] ?? {};
	const own = Object.entries(sections[`services ${services}`] ?? {}).filter(([key]) => key.endsWith('.endpoint_url'));
	return { region, endpoints: { ...(url === undefined ? {} : { all: url }), ...Object.fromEntries(own.map(([key, value]) => [key.slice(0, -'.endpoint_url'.length), value])) } };
}

/** By section, `profile ` left out; an indented member belongs to the one above it: `s3.endpoint_url`. */
function parse(text: string): Readonly<Record<string, Members>> {
	const sections: Record<string, Record<string, string>> = {};
	let [section, parent] = ['', ''];
	for (const line of text.split('\n')) {
		const [, title] = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line) ?? [];
		const [, indent = '', key = '', value = ''] = /^(\s*)([\w-]+)\s*=\s*(\S*)/.exec(line) ?? [];
		if (title !== undefined) section = title;
		if (key === '' || title !== undefined) continue;
		if (indent === '') parent = key;
		(sections[section] ??= {})[indent === '' ? key : `${parent}.${key}`] = value;
	}
	return sections;
}
