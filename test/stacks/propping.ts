import type { JsonObject } from '../../src/engine/resource.ts';
import type { Node, Stack } from '../../src/engine/stack.ts';

/** What a node wants where everything that it needs is named after its key; an action gives what it wants itself. */
export function propsOf(stack: Pick<Stack<never>, 'nodes'>, key: string): JsonObject {
	const node = stack.nodes.get(key);
	if (!node) throw new Error(`there is no ${key}: ${[...stack.nodes.keys()].join(', ')}`);
	return propsFrom(node);
}

function propsFrom(node: Node): JsonObject {
	return node.props(Object.fromEntries(Object.entries(node.needs).map(([name, need]) => [name, outputsOf(need)])) as never);
}

function outputsOf(node: Node): JsonObject {
	if (node.key === 'workers') return propsFrom(node);
	return { ...Object.fromEntries(['name', 'arn', 'uri', 'image', 'groupId', 'subnetId', 'fileSystemId', 'accessPointId'].map((output) => [output, `${node.key}.${output}`])), nonce: '0123456789abcdef' };
}
