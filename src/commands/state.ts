import { describeHolder, type Holder } from '../engine/lock-holder.ts';
import { Exit } from '../errors.ts';
import { renderRecords, renderRecovered } from '../ui/render/records.ts';
import { defineCommand, type Group } from './define.ts';

const list = defineCommand({
	name: 'list',
	summary: 'list the objects that are recorded',
	async run({ connect, environment, ui }) {
		const resources = await (await environment(await connect())).records();
		ui.result({ resources }, renderRecords);
		return Exit.ok;
	},
});

const recover = defineCommand({
	name: 'recover',
	summary: 'rebuild a lost record from the anchor and tags in AWS',
	graceful: true,
	async run({ connect, environment, ui }) {
		ui.result(await (await environment(await connect())).recover(), renderRecovered);
		return Exit.ok;
	},
});

const unlock = defineCommand({
	name: 'unlock',
	summary: 'take away the locks of a run that is gone',
	async run({ connect, environment, ui, config }) {
		const opened = await environment(await connect());
		await ui.confirm(`Type ${config.environment} to unlock it: a run that still works on it will stop`, config.environment);
		ui.result({ environment: config.environment, holders: await opened.unlock() }, renderUnlocked);
		return Exit.ok;
	},
});

function renderUnlocked({ environment, holders }: { environment: string; holders: readonly Holder[] }): string {
	if (holders.length === 0) return `${environment} was not locked`;
	return `${environment} is unlocked; it was held: ${holders.map(describeHolder).join(', ')}`;
}

export const state: Group = { name: 'state', summary: 'the record of what was made: list, recover, unlock', commands: [list, recover, unlock] };
