import { Exit, UserError } from '../errors.ts';
import { howToLogIn } from '../ui/render/login.ts';
import { defineCommand, flag } from './define.ts';
import { statusOf } from './status.ts';
import { nothingUp } from './target.ts';

export const open = defineCommand({
	name: 'open',
	summary: 'open the web page in the browser',
	options: { print: flag('print its address only') },
	async run(context, { print }) {
		const { ui } = context;
		const status = await statusOf(context, []);
		if (status.phase === 'absent') throw await nothingUp(context, status);
		const { url } = status.webserver;
		if (url === null) throw new UserError('NoAddress', 'the web page has no address: no webserver task runs', { hint: 'airflow-deploy status' });
		const { auth } = status.login;
		if (auth !== 'db') ui.note(`log in ${howToLogIn(auth)}`);
		if (!print) await (await import('open')).default(url);
		ui.result({ url }, () => url);
		return Exit.ok;
	},
});
