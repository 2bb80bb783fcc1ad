import type { UpDocument } from '../environment/documents.ts';
import type { Goal } from '../environment/environment.ts';
import { Exit } from '../errors.ts';
import { renderDbInit, renderUp, renderUpload } from '../ui/render/up.ts';
import type { Render } from '../ui/render/style.ts';
import { type Command, defineCommand } from './define.ts';
import { executorFlag, executorOf } from './executor-flag.ts';
import { runtimeFlag, runtimeOf } from './runtime-flag.ts';

/** Goals in the same graph: each brings up what it depends on, and nothing else. */
function goalCommand(goal: Goal, summary: string, render: Render<UpDocument>, options: Partial<typeof executorFlag> = {}): Command {
	return defineCommand({
		name: goal,
		summary,
		options: { ...options, ...runtimeFlag },
		starts: true,
		graceful: true,
		async run({ connect, environment, ui, config, region, env }, choice) {
			if (config.target === 'aws') (await import('../environment/login-option.ts')).assertSafeReturn(config.auth, config, env['AWS_ENDPOINT_URL'] || undefined);
			const aws = await connect(runtimeOf(choice));
			ui.note(`${goal} ${config.environment}: ${config.target} target, account ${aws.account}, ${aws.region} (${region.source})`);
			const document = await (await environment(aws, executorOf(choice))).up(goal);
			ui.result(document, render);
			return document.bundle.importErrors.length > 0 ? Exit.unclean : Exit.ok;
		},
	});
}

export const up = goalCommand('up', 'bring Airflow up: network, database, image, services, DAGs', renderUp, executorFlag);
export const upload = goalCommand('upload', 'send changed DAGs, plugins and config; wait until parsed', renderUpload);
export const dbInit = goalCommand('db-init', 'bring the database up and initialise it', renderDbInit);
export const deploy = goalCommand('deploy', 'release code, config and image in place', renderUp, executorFlag);
