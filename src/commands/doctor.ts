import type { Aws } from '../aws/clients.ts';
import type { AccountPatient, Finding, Patient } from '../doctor/check.ts';
import { Exit } from '../errors.ts';
import { renderDoctor } from '../ui/render/doctor.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag } from './define.ts';

export const doctor = defineCommand({
	name: 'doctor',
	summary: 'check what a deployment needs, and say who can mend it',
	options: { storage: flag('have a task write to the file system (the environment must be up)') },
	async run(context, { storage }) {
		const { ui } = context;
		const patient = patientOf(context);
		ui.busy('doctor: looking');
		const { examine } = await import('../doctor/doctor.ts');
		const document = await examine(patient, () => accountOf(context, patient), { storage });
		ui.result(document, renderDoctor);
		return document.ok ? Exit.ok : Exit.unclean;
	},
});

function patientOf({ config, region, env, cwd, signal, ui }: CommandContext): Patient {
	const endpoint = config.target === 'aws' ? env['AWS_ENDPOINT_URL'] || undefined : undefined;
	return { config, region, env, cwd, signal, endpoint, busy: (text) => ui.busy(text) };
}

async function accountOf({ connectIfUp, environment }: CommandContext, patient: Patient): Promise<AccountPatient | Finding> {
	const aws: Aws | undefined = await connectIfUp();
	if (aws === undefined) return { verdict: 'not-checked', detail: 'the local endpoint does not run: airflow-deploy local start, or up --local' };
	return { ...patient, aws, endpoint: aws.endpoint, ...(await (await environment(aws)).examined()) };
}
