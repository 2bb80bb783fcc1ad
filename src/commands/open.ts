import { lookup } from 'node:dns/promises';
import { Exit, UserError } from '../errors.ts';
import { howToLogIn } from '../ui/render/login.ts';
import type { CommandContext } from './context.ts';
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
		if (!print) {
			await assertLeadsHere(context, url);
			await (await import('open')).default(url);
		}
		ui.result({ url }, () => url);
		return Exit.ok;
	},
});

/** The load balancer of an endpoint on this machine is known to no DNS: the name has to be told to the machine first. */
async function assertLeadsHere(context: CommandContext, url: string): Promise<void> {
	const { hostname, protocol } = new URL(url);
	if (protocol !== 'https:') return;
	const route = await (await context.environment(await context.connect())).pageRoute();
	if (route === undefined) return;
	const found = await lookup(hostname).catch(() => undefined);
	if (found?.address === route.address && route.port === 443) return;
	const port = route.port === 443 ? '' : `, on port ${route.port}: this user may not listen on 443`;
	throw new UserError('NameLeadsElsewhere', `${hostname} leads ${found === undefined ? 'nowhere' : `to ${found.address}`} on this machine, and its load balancer listens at ${route.address}${port}`, {
		hint: route.port === 443 ? `echo '${route.address} ${hostname}' | sudo tee -a /etc/hosts   # its certificate is of a local authority; or: airflow-deploy validate --local` : 'airflow-deploy validate --local   # its browser finds the way',
	});
}
