import type { Account, Laws } from '../account.ts';
import { type Call, json, type JsonRecord, memberOf } from '../front/call.ts';
import { AwsError } from '../front/failure.ts';

/** Cloud Map: a namespace is held by its services, a service by its instances. */
export function cloudMapLaws({ moto }: Account): Laws {
	const ask = async ({ region }: Call, operation: string, body: object): Promise<JsonRecord> => moto.json({ service: 'servicediscovery', region, operation }, 'Route53AutoNaming_v20170314', body);
	const some = (found: unknown): boolean => Array.isArray(found) && found.length > 0;

	return {
		DeleteNamespace: {
			async before(call) {
				const { Services } = await ask(call, 'ListServices', { Filters: [{ Name: 'NAMESPACE_ID', Values: [memberOf(json(call), 'Id') ?? ''] }] });
				if (some(Services)) throw new AwsError('ResourceInUse', 'Namespace has associated services; delete the services before deleting the namespace');
			},
		},
		DeleteService: {
			async before(call) {
				const { Instances } = await ask(call, 'ListInstances', { ServiceId: memberOf(json(call), 'Id') ?? '' });
				// https://github.com/hashicorp/terraform/issues/18264
				if (some(Instances)) throw new AwsError('ResourceInUse', 'Service contains registered instances; delete the instances before deleting the service');
			},
		},
	};
}
