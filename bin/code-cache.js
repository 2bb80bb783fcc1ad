import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** What V8 makes of a source text is good for the same V8 only. */
const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'airflow-deploy', 'code', `${process.version}-${process.arch}`);
/** Files of builds that are gone: nobody asks for them any more. */
const keptFor = 30 * 24 * 3600 * 1000;

const modules = new Map();
/** Compiled in this run, by where their code is to be kept. */
const compiled = new Map();

/**
 * Loads a CommonJS module and what it requires by relative path, with the code that an earlier run compiled: most of the
 * time of a short command went into compiling. (Node itself does this from 22.1 on, `module.enableCompileCache`.)
 * @param {string} file
 * @returns {Record<string, unknown>} the module's exports
 */
export function load(file) {
	const known = modules.get(file);
	if (known) return known.exports;
	const module = { exports: {} };
	modules.set(file, module);
	const folder = dirname(file);
	compile(file).runInThisContext().call(module.exports, module.exports, requireFrom(file, folder), module, file, folder);
	return module.exports;
}

/** `require.import` stands for `import()`, which a compiled script has only in an experiment of Node's. */
function requireFrom(file, folder) {
	const native = createRequire(file);
	const require = (id) => (id.startsWith('.') ? load(join(folder, id)) : native(id));
	return Object.assign(require, { resolve: native.resolve, import: async (id) => (id.startsWith('.') ? require(id) : import(id)) });
}

function compile(file) {
	const source = Module.wrap(readFileSync(file, 'utf8'));
	const kept = join(directory, createHash('sha1').update(source).digest('hex'));
	const cachedData = readKept(kept);
	const script = new Script(source, { filename: file, cachedData });
	if (script.cachedDataRejected !== false) compiled.set(kept, script);
	return script;
}

function readKept(file) {
	try {
		return readFileSync(file);
	} catch {
		return undefined;
	}
}

/** Keeps what this run compiled, with the functions that it came to use. Where that cannot be written, all stays as slow as it was. */
export function keepCompiled() {
	if (compiled.size === 0) return;
	try {
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		for (const [file, script] of compiled) {
			const whole = `${file}.${process.pid}`;
			writeFileSync(whole, script.createCachedData());
			renameSync(whole, file);
		}
		removeOld();
	} catch {}
}

function removeOld() {
	for (const name of readdirSync(directory)) {
		const file = join(directory, name);
		if (Date.now() - statSync(file).mtimeMs > keptFor) rmSync(file, { force: true });
	}
}
