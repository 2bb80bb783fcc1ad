// Loaded before the command line: the power goes at a write of the state, and the disk keeps what was synced before.
// AT: which write, 0: none. LOSS: what is found afterwards. WRITES: a file that gets the number of writes of a whole run.
import { writeFileSync } from 'node:fs';
import disk from 'node:fs/promises';

const { AT, LOSS, WRITES } = JSON.parse(process.env.POWER_LOSS);
const isState = (path) => /\.airflow-deploy\/state\/[^/]+\/[^/]+\.json$/.test(path);
const { rename, readFile, writeFile, rm } = disk;
let writes = 0;

const losses = {
	/** Neither the text of the new file nor its name were on the disk. */
	absent: async (temporary) => rm(temporary, { force: true }),
	/** The name was, and a part of the text. */
	torn: async (temporary) => writeFile(temporary, (await readFile(temporary, 'utf8')).slice(0, 150)),
	/** The text was, the new name was not: the directory had not been synced. */
	unnamed: async () => {},
	/** All of it was, and nothing came after it. */
	written: async (temporary, path) => rename(temporary, path),
};

disk.rename = async (temporary, path) => {
	if (isState(path) && (writes += 1) === AT) {
		await losses[LOSS](temporary, path);
		process.kill(process.pid, 'SIGKILL');
	}
	await rename(temporary, path);
};

process.on('exit', () => WRITES && writeFileSync(WRITES, String(writes)));
