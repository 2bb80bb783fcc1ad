import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A member of a shape, as botocore's service models name it. */
export interface Reference {
	readonly shape: string;
	readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';
	/** Its name on the wire, where that differs. */
	readonly locationName?: string;
	/** Its name in EC2's requests. */
	readonly queryName?: string;
	readonly flattened?: boolean;
	readonly xmlAttribute?: boolean;
	readonly streaming?: boolean;
	readonly jsonvalue?: boolean;
}

type Scalar = 'string' | 'character' | 'integer' | 'long' | 'float' | 'double' | 'bigdecimal' | 'biginteger' | 'boolean' | 'timestamp' | 'blob';

export interface Shape {
	readonly type: 'structure' | 'list' | 'map' | Scalar;
	readonly members?: Readonly<Record<string, Reference>>;
	readonly required?: readonly string[];
	readonly enum?: readonly string[];
	readonly min?: number;
	readonly max?: number;
	readonly pattern?: string;
	readonly flattened?: boolean;
	/** The member that is the whole body. */
	readonly payload?: string;
	readonly sensitive?: boolean;
	readonly streaming?: boolean;
	readonly member?: Reference;
	readonly key?: Reference;
	readonly value?: Reference;
}

/** The request of one operation. */
export interface OperationModel {
	readonly method: string;
	/** `/{Bucket}/{Key+}?tagging` */
	readonly path: string;
	/** Name of the shape; absent: takes nothing. */
	readonly input?: string;
	readonly shapes?: Readonly<Record<string, Shape>>;
}

const nothing: Shape = { type: 'structure', members: {} };

export function shapeOf({ shapes }: OperationModel, name: string | undefined): Shape {
	return (name === undefined ? undefined : shapes?.[name]) ?? nothing;
}

/** One service: its operations are read when they are first met. */
export class ServiceModel {
	readonly protocol: string;
	readonly targetPrefix: string;
	readonly #lines: ReadonlyMap<string, string>;
	readonly #operations = new Map<string, OperationModel>();

	/** @param text a file that templates/request_models.py wrote */
	constructor(text: string) {
		const [head = '{}', ...lines] = text.split('\n');
		const { protocol, target } = JSON.parse(head) as { protocol: string; target: string };
		this.protocol = protocol;
		this.targetPrefix = target;
		this.#lines = new Map(lines.map((line) => [line.slice(0, line.indexOf('\t')), line]));
	}

	get names(): readonly string[] {
		return [...this.#lines.keys()];
	}

	operation(name: string): OperationModel | undefined {
		const line = this.#lines.get(name);
		if (line === undefined) return undefined;
		const known = this.#operations.get(name) ?? (JSON.parse(line.slice(name.length + 1)) as OperationModel);
		this.#operations.set(name, known);
		return known;
	}
}

/** The models of a directory, each read when its service is first asked for. */
export class ServiceModels {
	readonly #directory: string;
	readonly #services: readonly string[];
	readonly #models = new Map<string, Promise<ServiceModel>>();

	/** @param services signing names of those that have a file there */
	constructor(directory: string, services: readonly string[]) {
		this.#directory = directory;
		this.#services = services;
	}

	/** undefined for a service without a model. */
	async service(name: string): Promise<ServiceModel | undefined> {
		if (!this.#services.includes(name)) return undefined;
		const model = this.#models.get(name) ?? readFile(join(this.#directory, name), 'utf8').then((text) => new ServiceModel(text));
		this.#models.set(name, model);
		return model;
	}
}
