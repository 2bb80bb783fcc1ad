import { Exit } from '../errors.ts';
import { renderCredentials } from '../ui/render/credentials.ts';
import { defineCommand } from './define.ts';

export const credentials = defineCommand({
	name: 'credentials',
	summary: 'print address, user name and password of the web page',
	async run({ connect, environment, ui }) {
		const aws = await connect();
		ui.result(await (await environment(aws)).credentials(), renderCredentials);
		return Exit.ok;
	},
});
