import type { StatusDocument } from '../environment/documents.ts';
import { Exit } from '../errors.ts';
import { renderStatus } from '../ui/render/status.ts';
import type { CommandContext } from './context.ts';
import { defineCommand } from './define.ts';
import { localAccount, otherPlace } from './target.ts';

export const status = defineCommand({
	name: 'status',
	summary: 'show health, address, DAGs, and what AWS no longer shows',
	async run(context) {
		const { ui, cwd } = context;
		const document = await statusOf(context);
		ui.result(document, renderStatus);
		const other = document.phase === 'absent' ? otherPlace(cwd, document, document.environment) : undefined;
		if (other !== undefined) ui.note(other);
		return Exit.ok;
	},
});

/** The environment's status; absent where the local endpoint does not run. */
export async function statusOf({ connectIfUp, environment, config, region }: CommandContext): Promise<StatusDocument> {
	const aws = await connectIfUp();
	if (aws !== undefined) return (await environment(aws)).status();
	return {
		environment: config.environment,
		target: config.target,
		account: localAccount,
		region: region.name,
		endpoint: null,
		phase: 'absent',
		webserver: { url: null, healthy: false },
		scheduler: { healthy: false, heartbeatAgeSeconds: null },
		bundle: { uploaded: null, parsed: null, dags: 0, importErrors: [] },
		services: [],
		resources: [],
	};
}
