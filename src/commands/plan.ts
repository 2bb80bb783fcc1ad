import { Exit, UserError } from '../errors.ts';
import { renderPlan } from '../ui/render/plan.ts';
import { branchFlags, wishesOf } from './branch-wishes.ts';
import { defineCommand } from './define.ts';
import { executorFlag, executorOf } from './executor-flag.ts';

export const plan = defineCommand({
	name: 'plan',
	summary: 'show what up would change, and what it costs',
	options: { ...executorFlag, ...branchFlags },
	async run({ connectIfUp, environment, ui, config, region }, choice) {
		const wishes = wishesOf(choice);
		const isBranch = Object.keys(wishes).length > 0;
		if (isBranch) (await import('../config/branch-name.ts')).assertBranchName(config.environment, { project: config.project, region: region.name });
		const aws = await connectIfUp();
		if (aws === undefined) throw new UserError('EndpointDown', 'plan asks the endpoint, and the local one does not run: up would create everything', { hint: 'airflow-deploy local start   # then airflow-deploy plan --local' });
		ui.result(await (await environment(aws, { ...executorOf(choice), ...(isBranch ? { branch: { named: true, ...wishes } } : {}) })).plan(), renderPlan);
		return Exit.ok;
	},
});
