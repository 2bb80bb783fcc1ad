import { goProgram } from '../go-program.ts';

const module = 'github.com/aws/session-manager-plugin';
const version = 'v0.0.0-20260401221635-b79d06c1d3a2';
const main = `${module}/src/sessionmanagerplugin-main`;
/** The plugin's sources have no go.mod; it is written against this version of one of its dependencies. */
const uuid = 'github.com/twinj/uuid@v0.0.0-20151029044442-89173bcdda19';
/** The main package's own imports alone would not pull in the sessions that register themselves. */
const judge = `package main\n\nimport _ "${module}/src/sessionmanagerplugin/session"\n\nfunc main() {}\n`;

/** AWS's own client of data channels (its first build takes about a minute). @returns the directory that holds `session-manager-plugin` */
export function sessionManagerPlugin(): Promise<string> {
	return goProgram({ name: 'session-manager-plugin', version, main, modules: [`${main}@${version}`, uuid], files: { 'judge.go': judge } });
}
