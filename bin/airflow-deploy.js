#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
	process.stderr.write(`airflow-deploy needs Node 20.19 or newer: this is ${process.version}\n`);
	process.exit(2);
}
// The AWS SDK announces on stderr which Node it will need some day; users of the built CLI cannot act on it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const { load, keepCompiled } = await import('./code-cache.js');
const { main } = load(fileURLToPath(new URL('../dist/cli.cjs', import.meta.url)));
process.exitCode = await main(process.argv.slice(2));
keepCompiled();
