import { createHash, X509Certificate } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Browser } from 'playwright-core';
import type { PageRoute } from '../environment/page-route.ts';
import { Exit, UserError } from '../errors.ts';

/** A program that can be driven. */
interface Program {
	readonly path: string;
	/** It has no window: `@sparticuz/chromium` is Chromium's headless shell. */
	readonly headlessOnly: boolean;
}

const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome'];

/** Where installers put it without putting it on PATH. */
const usualPlaces: Partial<Record<NodeJS.Platform, readonly string[]>> = {
	linux: ['/opt/google/chrome/chrome', '/usr/lib/chromium/chromium', '/usr/lib/chromium-browser/chromium-browser', '/snap/bin/chromium'],
	darwin: ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => [`${folder}/Google Chrome.app/Contents/MacOS/Google Chrome`, `${folder}/Chromium.app/Contents/MacOS/Chromium`]),
	win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => (process.env[variable] ? [join(process.env[variable], 'Google/Chrome/Application/chrome.exe')] : [])),
};

/** Nothing that reaches out on its own: closed networks stall on it. */
const flags = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** The system's Chrome or Chromium: on PATH, or where installers put it. */
export function systemBrowser(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string | undefined {
	const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean).flatMap((folder) => names.map((name) => join(folder, platform === 'win32' ? `${name}.exe` : name)));
	return [...onPath, ...(usualPlaces[platform] ?? [])].find(isProgram);
}

/**
 * Starts the system's browser, else the one in the optional dependency `@sparticuz/chromium`.
 * @returns undefined where none starts, with the reasons handed to `say`
 * @throws UserError where a window was asked for and cannot be had
 */
export async function launchBrowser({ env, headed, route, say }: { env: NodeJS.ProcessEnv; headed: boolean; route?: PageRoute | undefined; say: (text: string) => void }): Promise<{ browser: Browser; name: string } | undefined> {
	const programs = (await findPrograms(env)).filter(({ headlessOnly }) => !headed || !headlessOnly);
	const reasons: string[] = [];
	for (const program of programs) {
		try {
			const browser = await launch(program, { env, headed, route });
			return { browser, name: `Chromium ${browser.version()} (${program.headlessOnly ? '@sparticuz/chromium' : program.path})` };
		} catch (error) {
			reasons.push(`${program.path} did not start: ${reasonOf(error)}`);
		}
	}
	if (headed) throw noWindow(reasons[0] ?? 'this machine has no Chrome or Chromium');
	say(reasons.join('; ') || 'this machine has no Chrome or Chromium, and the package @sparticuz/chromium is not installed');
	return undefined;
}

/** Leads the page's name to this machine, and trusts, beside what the browser trusts anyway, chains with this authority's key. */
function routeFlags({ name, address, port, authority }: PageRoute): string[] {
	const key = new X509Certificate(authority).publicKey.export({ type: 'spki', format: 'der' });
	return [`--host-resolver-rules=MAP ${name}:443 ${address}:${port}`, `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`];
}

async function launch({ path }: Program, { env, headed, route }: { env: NodeJS.ProcessEnv; headed: boolean; route: PageRoute | undefined }): Promise<Browser> {
	const { chromium } = await import('playwright-core');
	return chromium.launch({
		executablePath: path,
		headless: !headed,
		args: [...flags, ...(route ? routeFlags(route) : []), ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
		// The first Ctrl-C is ours: what was paused is paused again through the browser's session.
		handleSIGINT: false,
		handleSIGTERM: false,
		handleSIGHUP: false,
		timeout: 30_000,
		env: definedOnly(env),
	});
}

/** Playwright's message is a whole log: the browser's own complaint in it says most. */
function reasonOf(error: unknown): string {
	const lines = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).split('\n');
	return (lines.find((line) => line.includes('[err]')) ?? lines[0] ?? '').replace(/^.*\[err\]\s*/, '').trim();
}

function noWindow(why: string): UserError {
	return new UserError('NoBrowserWindow', `--headed needs a browser with a window: ${why}`, { hint: 'airflow-deploy validate   # without --headed', exit: Exit.usage });
}

async function findPrograms(env: NodeJS.ProcessEnv): Promise<Program[]> {
	const path = systemBrowser(env);
	const bundled = await import('@sparticuz/chromium').then(
		async ({ default: chromium }) => [{ path: await chromium.executablePath(), headlessOnly: true }],
		() => [],
	);
	return [...(path === undefined ? [] : [{ path, headlessOnly: false }]), ...bundled];
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
	return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
