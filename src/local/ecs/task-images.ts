import type { EcsDependencies } from './dependencies.ts';
import { ImagePullError } from './runtime.ts';
import { TaskStartError } from './task-start-error.ts';
import type { Task } from './task.ts';

/**
 * Pulls the images of all containers, each once, side by side.
 * @throws TaskStartError `CannotPullContainerError: …`, also the reason of the containers that have the image
 */
export async function pullImages(task: Task, deps: EcsDependencies): Promise<void> {
	task.times.pullStartedAt = deps.clock.now();
	const images = new Set(task.containers.map(({ definition }) => definition.image));
	await Promise.all([...images].map((image) => pullImage(image, task, deps)));
	task.times.pullStoppedAt = deps.clock.now();
	task.version += 1;
}

async function pullImage(image: string, task: Task, { runtime, warn, faults }: EcsDependencies): Promise<void> {
	const users = task.containers.filter(({ definition }) => definition.image === image);
	try {
		const fault = users.map(({ definition }) => faults?.take('image-pull', { family: task.request.definition.family, container: definition.name })).find((words) => words !== undefined);
		if (fault !== undefined) throw new ImagePullError(fault);
		const { digest } = await runtime.pull(image, (line) => warn?.(line));
		for (const container of users) container.imageDigest = digest;
	} catch (error) {
		if (!(error instanceof ImagePullError)) throw error;
		const reason = `CannotPullContainerError: ${error.message}`;
		for (const container of users) container.reason = reason;
		throw new TaskStartError(reason);
	}
}
