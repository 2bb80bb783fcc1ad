import { AwsError } from './front/failure.ts';
import type { Moto } from './moto.ts';
import { child, type Element } from './xml.ts';

/** The services' own names of their roles; AWS documentation, "Using service-linked roles" of each service. */
const names: Readonly<Record<string, string>> = {
	'ecs.amazonaws.com': 'AWSServiceRoleForECS',
	'rds.amazonaws.com': 'AWSServiceRoleForRDS',
	'elasticfilesystem.amazonaws.com': 'AWSServiceRoleForAmazonElasticFileSystem',
	'elasticloadbalancing.amazonaws.com': 'AWSServiceRoleForElasticLoadBalancing',
};

/** Roles that belong to services: made by their first use or on request, once per account. */
export class ServiceLinkedRoles {
	readonly #moto: Moto;
	readonly #made = new Map<string, Promise<Element | undefined>>();

	constructor(moto: Moto) {
		this.#moto = moto;
	}

	knows(service: string): boolean {
		return service in names;
	}

	isOne(roleName: string): boolean {
		return Object.values(names).includes(roleName);
	}

	/** What a service does at its first use. */
	async ensure(service: string): Promise<void> {
		await (this.#made.get(service) ?? this.#make(service, ''));
	}

	/** @returns the `Role` element. @throws AwsError where it was made before */
	async create(service: string, description: string): Promise<Element | undefined> {
		if (this.#made.has(service)) throw new AwsError('InvalidInput', `Service role name ${names[service] ?? service} has been taken in this account, please try a different suffix.`);
		return this.#make(service, description);
	}

	/** After `iam:DeleteServiceLinkedRole`. */
	forget(roleName: string): void {
		const service = Object.keys(names).find((candidate) => names[candidate] === roleName);
		if (service !== undefined) this.#made.delete(service);
	}

	#make(service: string, description: string): Promise<Element | undefined> {
		const role = this.#moto
			.query(
				{ service: 'iam', region: 'us-east-1', operation: 'CreateRole' },
				{ RoleName: names[service] ?? service, Path: `/aws-service-role/${service}/`, Description: description, AssumeRolePolicyDocument: trust(service) },
			)
			.then((answer) => child(answer, 'CreateRoleResult', 'Role'));
		this.#made.set(service, role);
		return role;
	}
}

function trust(service: string): string {
	return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: [service] }, Action: ['sts:AssumeRole'] }] });
}
