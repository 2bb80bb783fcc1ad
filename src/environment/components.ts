import type { Entries, Entry } from '../engine/state.ts';
import { EcsService } from '../resources/ecs-service.ts';
import { EcsTaskDefinition } from '../resources/ecs-task-definition.ts';

/** What every environment runs, in services of their own or in one task. */
export const components = ['webserver', 'scheduler'] as const;

/** The recorded service whose tasks have the container. */
export function serviceWith(entries: Entries, container: string): Entry | undefined {
	return services(entries).find(({ dependsOn }) => dependsOn.some((key) => hasContainer(entries[key], container)));
}

/** The task definition of that service. */
export function definitionWith(entries: Entries, container: string): Entry | undefined {
	const key = serviceWith(entries, container)?.dependsOn.find((key) => hasContainer(entries[key], container));
	return key === undefined ? undefined : entries[key];
}

export function services(entries: Entries): Entry[] {
	return Object.values(entries).filter(({ type, status }) => type === EcsService.type && status !== 'superseded');
}

/** Names of the containers that the recorded service of this name runs. */
export function containersOf(entries: Entries, service: string | undefined): string[] {
	const entry = services(entries).find(({ outputs }) => outputs?.['name'] === service);
	return entry?.dependsOn.flatMap((key) => containerNames(entries[key])) ?? [];
}

function hasContainer(entry: Entry | undefined, name: string): boolean {
	return containerNames(entry).includes(name);
}

/** Of a task definition; none of anything else. */
function containerNames(entry: Entry | undefined): string[] {
	if (entry?.type !== EcsTaskDefinition.type) return [];
	const { containerDefinitions } = entry.inputs['definition'] as { containerDefinitions: { name: string }[] };
	return containerDefinitions.map(({ name }) => name);
}
