import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** The mirrors of Debian 12 that this machine's apt is configured with, as the text of a sources.list. */
export async function debianSources(): Promise<string> {
	const { stdout } = await execa('apt-get', ['indextargets', '--format', 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages', 'Origin: Debian']);
	const lines = stdout.split('\n').filter((line) => / bookworm/.test(line));
	if (lines.length === 0) throw new Error('the stand-ins are made from packages of Debian 12, and this machine has no mirror of it in its sources: apt-get update, then try again');
	return `${[...new Set(lines)].join('\n')}\n`;
}

/** What this machine trusts: a mirror inside a company may have its own authority. */
export const certificates = (): Promise<Buffer> => readFile('/etc/ssl/certs/ca-certificates.crt');

/** The settings of this machine's pip as a pip.conf, but for directories, which a container does not have. */
export async function pipSettings(): Promise<string> {
	const { stdout } = await execa('python3', ['-m', 'pip', 'config', 'list']);
	const settings = [...stdout.matchAll(/^(?:global|install|:env:)\.([\w-]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value.slice(1, -1)]);
	const kept = settings.filter(([name = '', value = '']) => name !== 'cert' && !value.startsWith('/'));
	return ['[global]', 'cert = /etc/ssl/certs/ca-certificates.crt', ...kept.map(([name, value]) => `${name} = ${value}`), ''].join('\n');
}
