import { Exit, UserError } from '../errors.ts';
import { renderPlan } from '../ui/render/plan.ts';
import { defineCommand } from './define.ts';

export const plan = defineCommand({
	name: 'plan',
	summary: 'show what up would change, and what it costs',
	async run({ connectIfUp, environment, ui }) {
		const aws = await connectIfUp();
		if (aws === undefined) throw new UserError('EndpointDown', 'plan asks the endpoint, and the local one does not run: up would create everything', { hint: 'airflow-deploy local start   # then airflow-deploy plan --local' });
		ui.result(await (await environment(aws)).plan(), renderPlan);
		return Exit.ok;
	},
});
