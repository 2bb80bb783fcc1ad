import { climates, weather } from './climate.ts';
import { randoms } from './plan.ts';
import { record, type Recording, referencesOf } from './recording.ts';
import { type References, play, type Result, type Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

/** What a worker is told, and what it answers. */
export type Order = { readonly record: true } | { readonly references: Recording } | { readonly play: Scenario };
export type Report = { readonly recorded: Recording } | { readonly played: Result } | { readonly ready: true };

/** A process with a stage of its own: `node worker.ts PROGRAM`, spoken to by its parent. */
const stage = await Stage.open(process.argv[2]);
let references: References = {};

async function follow(order: Order): Promise<Report> {
	if ('record' in order) return { recorded: await record(stage) };
	if ('play' in order) return { played: await played(order.play) };
	references = referencesOf(order.references);
	return { ready: true };
}

function played(scenario: Scenario): Promise<Result> {
	const climate = climates.find(({ name }) => name === scenario.climate);
	return climate ? weather(stage, climate, references, randoms(1)) : play(stage, scenario, references);
}

process.on('message', (order: Order) => {
	follow(order).then(
		(report) => process.send?.(report),
		(error: unknown) => {
			process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
			void stage.close().finally(() => process.exit(1));
		},
	);
});
process.on('disconnect', () => void stage.close().finally(() => process.exit(0)));
process.send?.({ ready: true } satisfies Report);
