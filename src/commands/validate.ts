import type { ValidateDocument } from '../environment/documents.ts';
import { Exit, UserError } from '../errors.ts';
import { cut, duration } from '../ui/format.ts';
import { commandFlags } from '../ui/render/up.ts';
import { renderValidate } from '../ui/render/validate.ts';
import type { Ui } from '../ui/ui.ts';
import type { Observer } from '../validate/perform.ts';
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
		'no-browser': flag("use Airflow's REST API instead of a browser"),
	},
	graceful: true,
	async run(context, { dag, all, timeout, headed, 'no-browser': noBrowser }) {
		const { connect, environment: open, config, cwd, env, signal, ui, region } = context;
		const wishes = { dags: dag, all, timeout: seconds(timeout ?? '5m'), headed, browser: !noBrowser };
		assertConsistent(wishes);
		const aws = await connect();
		const environment = await open(aws);
		const status = await environment.status();
		if (status.phase === 'absent') throw await nothingUp(context, status);
		ui.note(`validate ${config.environment}: ${config.target} target, account ${aws.account}, ${aws.region} (${region.source})`);
		const { validate: prove } = await import('../validate/validate.ts');
		const document = await prove({ aws, config, environment, status, wishes, cwd, env, signal, flags: commandFlags(config), observer: progress(ui), busy: (text) => ui.busy(cut(text, 76)), note: (text) => ui.note(text) });
		if (signal.aborted) throw interrupted(document);
		ui.result(document, renderValidate);
		return document.ok ? Exit.ok : Exit.unclean;
	},
});

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
