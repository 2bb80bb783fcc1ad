import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { Secret } from '../resources/secret.ts';
import { naming, type StackInputs } from './inputs.ts';

type SecretNode = Node<{ name: string; arn: string; version: string }>;

export interface Secrets {
	/** `{password, url}`; the URL is put when the instance's address is known. */
	databaseSecret: SecretNode;
	fernetKey: SecretNode;
	webserverKey: SecretNode;
	adminPassword: SecretNode;
}

/** Parts of their names: what a name check looks for. */
export const secretRoles = ['database', 'fernet-key', 'webserver-secret-key', 'admin-password'] as const;

export function addSecrets(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): Secrets {
	const { object } = naming(inputs).in(stack.scope);
	const secret = (role: (typeof secretRoles)[number], value: 'database' | 'fernet-key' | 'token' | 'password', description: string): SecretNode =>
		stack.add(Secret, `secret-${role}`, after, () => ({ name: object(role), description, value }));
	return {
		databaseSecret: secret('database', 'database', 'Airflow database: password and URL'),
		fernetKey: secret('fernet-key', 'fernet-key', 'Airflow: encrypts connections and variables in its database'),
		webserverKey: secret('webserver-secret-key', 'token', 'Airflow: signs sessions of the web page'),
		adminPassword: secret('admin-password', 'password', 'Airflow: password of the user admin'),
	};
}
