import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { BundleParsed } from '../resources/bundle-parsed.ts';
import { UploadBundle } from '../resources/upload-bundle.ts';
import { naming, type StackInputs } from './inputs.ts';

/** DAGs, plugins and configuration, in the bucket. */
export function addBundle(stack: Stack<Aws>, { config, bundle }: StackInputs, needs: { anchor: Node; bucket: Node<{ name: string }> }): Node {
	return stack.add(UploadBundle, 'bundle', needs, ({ bucket }) => ({
		bucket: bucket.name,
		environment: stack.scope,
		source: config.source,
		bundle: bundle.hash,
	}));
}

/** The end of every deployment: the scheduler that was released, or the one that runs, has parsed the bundle. */
export function addBundleParsed(stack: Stack<Aws>, inputs: StackInputs, { scheduler, ...needs }: { files: Node; webserver: Node; scheduler: Node<{ taskDefinition: string }> }): Node {
	const parsed = { bucket: naming(inputs).bucket, environment: stack.scope, bundle: inputs.bundle.hash };
	const { runningScheduler } = inputs;
	if (runningScheduler !== undefined) return stack.add(BundleParsed, 'bundle-parsed', { files: needs.files }, () => ({ ...parsed, scheduler: runningScheduler }));
	return stack.add(BundleParsed, 'bundle-parsed', { ...needs, scheduler }, ({ scheduler }) => ({ ...parsed, scheduler: scheduler.taskDefinition }));
}
