import type { ValidateDocument } from '../environment/documents.ts';
import { Exit, UserError } from '../errors.ts';
import { cut, duration } from '../ui/format.ts';
import { commandFlags } from '../ui/render/up.ts';
import { renderValidate } from '../ui/render/validate.ts';
import type { Ui } from '../ui/ui.ts';
import type { Observer } from '../validate/perform.ts';
import type { validatePage } from '../validate/validate-page.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag, list, value } from './define.ts';
import { nothingUp } from './target.ts';

export const validate = defineCommand({
	name: 'validate',
	summary: 'prove it in a browser: log in, run the DAGs, find their logs',
	options: {
		dag: list('<id>', 'run this DAG instead of the sample ones; repeatable'),
		all: flag('run every DAG'),
		timeout: value('<time>', 'how long the runs may take: 90, 90s, 10m (default: 5m)'),
		headed: flag('show the browser'),
		url: value('<url>', 'prove this Airflow by its web page alone, e.g. http://localhost:8080 of docker compose; nothing is asked of AWS'),
		user: value('<name>', 'with --url: who logs in (default: airflow); the password is in AIRFLOW_PASSWORD (default: airflow)'),
		'no-browser': flag("use Airflow's REST API instead of a browser"),
	},
	graceful: true,
	async run(context, { dag, all, timeout, headed, url, user, 'no-browser': noBrowser }) {
		const { connect, environment: open, config, cwd, env, signal, ui, region } = context;
		const wishes = { dags: dag, all, timeout: seconds(timeout ?? '5m'), headed, browser: !noBrowser };
		assertConsistent(wishes);
		const how = { config, wishes, cwd, env, signal, observer: progress(ui), busy: (text: string) => ui.busy(cut(text, 76)), note: (text: string) => ui.note(text) };
		if (url !== undefined) return told(context, await ofPage(how, url, user ?? 'airflow'));
		if (user !== undefined) throw new UserError('InvalidUsage', '--user goes with --url: the user of a deployment is known', { hint: 'airflow-deploy validate --url http://localhost:8080 --user NAME', exit: Exit.usage });
		const aws = await connect();
		const environment = await open(aws);
		const status = await environment.status();
		if (status.phase === 'absent') throw await nothingUp(context, status);
		ui.note(`validate ${config.environment}: ${config.target} target, account ${aws.account}, ${aws.region} (${region.source})`);
		const { validate: prove } = await import('../validate/validate.ts');
		return told(context, await prove({ ...how, aws, environment, status, flags: commandFlags(config) }));
	},
});

function told({ signal, ui }: CommandContext, document: ValidateDocument): number {
	if (signal.aborted) throw interrupted(document);
	ui.result(document, renderValidate);
	return document.ok ? Exit.ok : Exit.unclean;
}

async function ofPage(how: Omit<Parameters<typeof validatePage>[0], 'url' | 'username' | 'password'>, url: string, username: string): Promise<ValidateDocument> {
	if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new UserError('InvalidUsage', `--url ${url} is no address of a web page`, { hint: 'airflow-deploy validate --url http://localhost:8080', exit: Exit.usage });
	how.note(`validate ${url}: by its web page alone`);
	const { validatePage } = await import('../validate/validate-page.ts');
	return validatePage({ ...how, url: url.replace(/\/+$/, ''), username, password: how.env['AIRFLOW_PASSWORD'] ?? 'airflow' });
}

function interrupted({ checks, report }: ValidateDocument): UserError {
	const done = checks.filter(({ verdict }) => verdict !== 'not-checked').length;
	const left = checks.find(({ name }) => name === 'as-found')?.detail ?? 'nothing was changed';
	return new UserError('Interrupted', `interrupted after ${done} of ${checks.length} checks; ${left}`, { hint: `what was seen so far is in ${report}`, exit: Exit.interrupted });
}

function progress(ui: Ui): Observer {
	return {
		end: ({ name, verdict, seconds, detail }) => ui.busy(cut(`${name} ${verdict.replace('-', ' ')}${verdict === 'not-checked' ? '' : ` in ${duration(seconds)}`}: ${detail}`, 76)),
	};
}

function assertConsistent({ dags, all, headed, browser }: { dags: readonly string[]; all: boolean; headed: boolean; browser: boolean }): void {
	if (all && dags.length > 0) throw new UserError('InvalidUsage', '--all and --dag exclude each other: --all runs every DAG', { hint: 'airflow-deploy validate --all', exit: Exit.usage });
	if (headed && !browser) throw new UserError('InvalidUsage', '--headed and --no-browser exclude each other', { hint: 'airflow-deploy validate --headed', exit: Exit.usage });
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/** @throws UserError with exit 2 for what is no time */
function seconds(text: string): number {
	const [, number, unit = ''] = /^(\d+)([smh]?)$/.exec(text.trim()) ?? [];
	if (number === undefined || Number(number) === 0) throw new UserError('InvalidUsage', `--timeout ${text} is no time`, { hint: 'seconds, or a number with s, m or h: --timeout 10m', exit: Exit.usage });
	return Number(number) * (units[unit] ?? 1);
}
