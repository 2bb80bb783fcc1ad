import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { Secret } from '../resources/secret.ts';
import { naming, type StackInputs } from './inputs.ts';

export type SecretNode = Node<{ name: string; arn: string; version: string }>;
type Content = 'database' | 'fernet-key' | 'token' | 'password';

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
	const secret = (role: (typeof secretRoles)[number], value: Content, description: string): SecretNode => addSecret(stack, inputs, after, { role, value, description });
	return {
		databaseSecret: secret('database', 'database', 'Airflow database: password and URL'),
		fernetKey: secret('fernet-key', 'fernet-key', 'Airflow: encrypts connections and variables in its database'),
		webserverKey: secret('webserver-secret-key', 'token', 'Airflow: signs sessions of the web page'),
		adminPassword: secret('admin-password', 'password', 'Airflow: password of the user admin'),
	};
}

/** Made once, stored there and nowhere else. */
export function addSecret(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>, { role, value, description }: { role: string; value: Content; description: string }): SecretNode {
	const name = naming(inputs).in(stack.scope).object(role);
	return stack.add(Secret, `secret-${role}`, after, () => ({ name, description, value }));
}
