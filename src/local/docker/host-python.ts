import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../package.ts';

/** How this machine's Python runs in a container that has no files of its own. */
export interface HostPython {
	/** `-v` of docker: read-only mounts at the same place. */
	readonly binds: readonly string[];
	readonly command: readonly string[];
}

const probe = 'import os, sys; print(os.path.realpath(sys.executable)); print(os.path.realpath(sys.base_prefix))';
const program = '/network.py';

/** @param python any interpreter, one of a virtual environment too */
export async function hostPython(python: string): Promise<HostPython> {
	const { stdout } = await execa(python, ['-I', '-S', '-c', probe]);
	const [executable = '', prefix = ''] = stdout.split('\n');
	const places = ['/usr', '/lib', '/lib64', ...(prefix.startsWith('/usr') ? [] : [prefix])].filter((path) => existsSync(path));
	const script = join(packageRoot, 'templates', 'containers', 'network.py');
	return { binds: [...places.map((path) => `${path}:${path}:ro`), `${script}:${program}:ro`], command: [executable, '-I', '-S', program] };
}
