import { execa } from 'execa';

/**
 * Has a program, from a package of Debian where it is missing.
 * @throws Error where there is neither the program nor an apt-get that may install it
 */
export async function installDebian(program: string, ...packages: readonly string[]): Promise<void> {
	const there = async (): Promise<boolean> => !(await execa('which', [program], { reject: false })).failed;
	if (await there()) return;
	const apt = (...args: readonly string[]) => execa('apt-get', args, { env: { DEBIAN_FRONTEND: 'noninteractive' }, stdin: 'ignore', all: true, reject: false });
	// The lists of packages may be older than the mirror.
	const install = ['install', '--yes', '--no-install-recommends', ...packages];
	let { failed, all } = await apt(...install);
	if (failed) {
		await apt('update');
		({ failed, all } = await apt(...install));
	}
	if (failed || !(await there())) throw new Error(`${program} is missing, and apt-get install ${packages.join(' ')} did not help: ${all?.slice(-1500)}`);
}
