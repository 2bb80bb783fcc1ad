import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';
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
 * @returns undefined where there is none, with the reason handed to `say`
 * @throws UserError where a window was asked for and cannot be had
 */
export async function launchBrowser({ env, headed, say }: { env: NodeJS.ProcessEnv; headed: boolean; say: (text: string) => void }): Promise<{ browser: Browser; name: string } | undefined> {
	const program = await findProgram(env);
	if (headed && (program === undefined || program.headlessOnly)) throw noWindow('this machine has no Chrome or Chromium');
	if (program === undefined) {
		say('this machine has no Chrome or Chromium, and the package @sparticuz/chromium is not installed');
		return undefined;
	}
	const { chromium } = await import('playwright-core');
	try {
		const root = process.getuid?.() === 0;
		const browser = await chromium.launch({
			executablePath: program.path,
			headless: !headed,
			args: [...flags, ...(root ? ['--no-sandbox'] : [])],
			// The first Ctrl-C is ours: what was paused is paused again through the browser's session.
			handleSIGINT: false,
			handleSIGTERM: false,
			handleSIGHUP: false,
			timeout: 30_000,
			env: definedOnly(env),
		});
		return { browser, name: `Chromium ${browser.version()} (${program.headlessOnly ? '@sparticuz/chromium' : program.path})` };
	} catch (error) {
		const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
		if (headed) throw noWindow(`${program.path} did not start (${reason})`);
		say(`${program.path} did not start: ${reason}`);
		return undefined;
	}
}

function noWindow(why: string): UserError {
	return new UserError('NoBrowserWindow', `--headed needs a browser with a window: ${why}`, { hint: 'airflow-deploy validate   # without --headed', exit: Exit.usage });
}

async function findProgram(env: NodeJS.ProcessEnv): Promise<Program | undefined> {
	const path = systemBrowser(env);
	if (path !== undefined) return { path, headlessOnly: false };
	try {
		const { default: bundled } = await import('@sparticuz/chromium');
		return { path: await bundled.executablePath(), headlessOnly: true };
	} catch {
		return undefined;
	}
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
