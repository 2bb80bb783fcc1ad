import type { Selection } from '../logs/selection.ts';
import { Exit, UserError } from '../errors.ts';
import { defineCommand, flag, value } from './define.ts';

const components = ['webserver', 'scheduler', 'task', 'worker', 'init', 'dag-sync', 'postgres', 'mysql'] as const;

export const logs = defineCommand({
	name: 'logs',
	summary: 'show what the components and tasks log, by time',
	positionals: { component: { help: 'this component only', choices: components } },
	options: {
		follow: flag('go on as lines come, until Ctrl-C', 'f'),
		since: value('<age>', 'from 10m, 2h, 1d ago, or a time like 2026-11-24T13:00 in UTC (default: 10m)'),
		dag: value('<id>', 'of this DAG'),
		task: value('<id>', 'of this task'),
		run: value('<id>', 'of this run'),
		try: value('<number>', 'of this try'),
		grep: value('<pattern>', 'that match this regular expression'),
	},
	endless: true,
	async run(context, { component, follow: following, since = '10m', grep, ...ids }) {
		const { parseSince } = await import('../logs/since.ts');
		const from = parseSince(since, Date.now());
		const selection: Selection = { ...ids, grep: grep === undefined ? undefined : patternOf(grep) };
		const aws = await context.connect();
		const groups = await (await context.environment(aws)).logGroups(component);
		const { showLogs } = await import('./show-logs.ts');
		const shown = await showLogs(context, { aws, groups, from, selection, following });
		if (shown === 0 && !following) context.ui.note(`no such lines since ${new Date(from).toISOString().slice(0, 19)}Z: --since 1d looks further back`);
		return Exit.ok;
	},
});

function patternOf(text: string): RegExp {
	try {
		return new RegExp(text);
	} catch (error) {
		throw new UserError('InvalidPattern', `--grep: ${error instanceof Error ? error.message : String(error)}`, { hint: "airflow-deploy logs --grep 'exit code [1-9]'", exit: Exit.usage });
	}
}
