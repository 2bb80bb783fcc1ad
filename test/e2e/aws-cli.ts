import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export const awsCliDirectory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'airflow-deploy', 'test-awscli-1.46.3');

/** The real AWS CLI, from PyPI, in a virtual environment of its own. */
export async function awsCli(env: Record<string, string>): Promise<(...args: string[]) => Promise<Record<string, unknown>>> {
	const program = join(awsCliDirectory, 'bin', 'aws');
	if (!existsSync(program)) {
		await execa('python3', ['-m', 'venv', awsCliDirectory]);
		await execa(join(awsCliDirectory, 'bin', 'pip'), ['install', '--quiet', 'awscli==1.46.3']);
	}
	return async (...args) => {
		// Its version 1 ignores AWS_ENDPOINT_URL for RDS in us-east-1.
		const { stdout } = await execa(program, [...args, '--output', 'json', '--endpoint-url', env['AWS_ENDPOINT_URL'] ?? ''], { env: { ...env, HOME: '/nonexistent' }, extendEnv: false });
		return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
	};
}
