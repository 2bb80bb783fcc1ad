import type { Answer } from './dependencies.ts';

/** An error as ECS words it; `details` become members beside `message` (ConflictException has `resourceIds`). */
export class EcsError extends Error {
	readonly code: string;
	readonly details: Readonly<Record<string, unknown>>;

	constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
		super(message);
		this.name = code;
		this.code = code;
		this.details = details;
	}
}

/** HTTP 400, except a fault of the server's. */
export function errorAnswer(code: string, message: string, details: Readonly<Record<string, unknown>> = {}): Answer {
	return { status: code === 'ServerException' ? 500 : 400, body: { __type: code, message, ...details } };
}

export const clientError = (message: string) => new EcsError('ClientException', message);
export const invalidParameter = (message: string) => new EcsError('InvalidParameterException', message);
export const clusterNotFound = (message = 'Cluster not found.') => new EcsError('ClusterNotFoundException', message);
export const serviceNotFound = () => new EcsError('ServiceNotFoundException', 'Service not found.');
export const serviceNotActive = () => new EcsError('ServiceNotActiveException', 'Service was not ACTIVE.');
