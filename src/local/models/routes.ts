import type { OperationModel, ServiceModel } from './shapes.ts';
import { shapeOf } from './shapes.ts';

/** What a REST request is: its operation, and what stands in its path. */
export interface Routed {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
}

interface Route {
	readonly name: string;
	readonly method: string;
	readonly pattern: RegExp;
	readonly labels: readonly string[];
	/** Query parameters that belong to the path: `?tagging`, `?list-type=2`. */
	readonly query: readonly (readonly [string, string])[];
	/** Query parameters and headers that the request must have. */
	readonly demanded: readonly (readonly ['querystring' | 'header', string])[];
}

const routesOf = new WeakMap<ServiceModel, readonly Route[]>();

/**
 * Finds the operation of a REST request: of those whose method, path and query agree, the one that says most about it.
 * `PUT /bucket/key` is PutObject, with `x-amz-copy-source` CopyObject, with `uploadId` UploadPart.
 */
export function routed(model: ServiceModel, method: string, url: URL, headers: Readonly<Record<string, string>>): Routed | undefined {
	const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
	const fitting = routes(model).filter((route) => route.method === method && fits(route, path, url.pathname, url.searchParams, headers));
	const best = fitting.sort((a, b) => rank(b) - rank(a))[0];
	if (!best) return undefined;
	const [, ...values] = best.pattern.exec(path) ?? best.pattern.exec(url.pathname) ?? [];
	return { name: best.name, labels: Object.fromEntries(best.labels.map((label, index) => [label, decoded(values[index] ?? '')])) };
}

const rank = ({ query, demanded, labels }: Route): number => query.length * 1000 + demanded.length * 10 - labels.length;

function fits({ pattern, query, demanded }: Route, trimmed: string, path: string, parameters: URLSearchParams, headers: Readonly<Record<string, string>>): boolean {
	return (
		(pattern.test(trimmed) || pattern.test(path)) &&
		query.every(([name, value]) => parameters.has(name) && (value === '' || parameters.get(name) === value)) &&
		demanded.every(([where, name]) => (where === 'header' ? headers[name] !== undefined : parameters.has(name)))
	);
}

function routes(model: ServiceModel): readonly Route[] {
	const known = routesOf.get(model) ?? model.names.flatMap((name) => routeOf(name, model.operation(name)));
	routesOf.set(model, known);
	return known;
}

function routeOf(name: string, operation: OperationModel | undefined): Route[] {
	if (!operation) return [];
	const [path = '/', query = ''] = operation.path.split('?');
	const labels = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map(([, label]) => label ?? '');
	// Route 53 takes its paths with and without the slash that the model ends them with.
	const source = path.replace(/(?<=.)\/$/, '').replaceAll(/[.*?()|[\]\\^$]/g, '\\$&').replaceAll(/\{[^}]+\+\}/g, '(.+)').replaceAll(/\{[^}+]+\}/g, '([^/]+)');
	const input = shapeOf(operation, operation.input);
	const demanded = (input.required ?? []).flatMap((member) => {
		const { location, locationName = member } = input.members?.[member] ?? { shape: '' };
		return location === 'querystring' || location === 'header' ? [[location, location === 'header' ? locationName.toLowerCase() : locationName] as const] : [];
	});
	return [{ name, method: operation.method, pattern: new RegExp(`^${source}$`, 's'), labels, query: [...new URLSearchParams(query)], demanded }];
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
