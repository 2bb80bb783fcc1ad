import type { BranchesDocument } from '../environment/documents.ts';
import { Exit } from '../errors.ts';
import { defineCommand } from './define.ts';

export const list = defineCommand({
	name: 'list',
	summary: 'show all branch environments, their health and what they cost',
	async run({ connectIfUp, environment, ui, verbose }) {
		const aws = await connectIfUp();
		const document: BranchesDocument = aws === undefined ? { branches: [] } : await (await environment(aws)).branches();
		const { renderBranches } = await import('../ui/render/branches.ts');
		ui.result(document, renderBranches({ assumptions: verbose }));
		return Exit.ok;
	},
});
