import { prefix, type Setting, settings } from './settings.ts';

const head = `# Settings of airflow-deploy, with their defaults. Copy to .env and change what you need, or export them: the shell wins over .env.
# AWS's own variables (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL …) work as everywhere.
`;

/**
 * The text of a `.env` file: every setting with its help line, commented out where it has its default.
 * @param values what to set, by name without the prefix
 */
export function exampleText(values: Readonly<Record<string, string>> = {}): string {
	return head + Object.values<Setting>(settings).map((setting) => `\n${entry(setting, values[setting.name])}`).join('');
}

function entry({ name, help, default: fallback = '' }: Setting, value: string | undefined): string {
	const line = value === undefined || value === fallback ? `#${prefix}${name}=${fallback}` : `${prefix}${name}=${value}`;
	return `# ${help}\n${line}\n`;
}
