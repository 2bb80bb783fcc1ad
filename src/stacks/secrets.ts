import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { givenSecret } from '../resources/given-secret.ts';
import { Secret } from '../resources/secret.ts';
import { naming, type StackInputs } from './inputs.ts';

export type SecretNode = Node<{ name: string; arn: string; version: string }>;
type Content = 'database' | 'database-and-keys' | 'fernet-key' | 'token' | 'password';

export interface Secrets {
	/** `{password, url}`; the URL is put when the instance's address is known. */
	databaseSecret: SecretNode;
	fernetKey: SecretNode;
	webserverKey: SecretNode;
	adminPassword: SecretNode;
	/** At the provider that people log in with; where there is one. */
	clientSecret?: SecretNode;
}

/** Parts of their names: what a name check looks for. */
export const secretRoles = ['database', 'fernet-key', 'webserver-secret-key', 'admin-password', 'oauth-client-secret'] as const;

export function addSecrets(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): Secrets {
	const secret = (role: (typeof secretRoles)[number], value: Content, description: string): SecretNode => addSecret(stack, inputs, after, { role, value, description });
	return {
		databaseSecret: secret('database', 'database', 'Airflow database: password and URL'),
		fernetKey: secret('fernet-key', 'fernet-key', 'Airflow: encrypts connections and variables in its database'),
		webserverKey: secret('webserver-secret-key', 'token', 'Airflow: signs sessions of the web page'),
		adminPassword: secret('admin-password', 'password', 'Airflow: password of the user admin'),
		...(inputs.login.auth === 'db' ? {} : { clientSecret: addClientSecret(stack, inputs, after) }),
	};
}

/**
 * Of a branch: the keys lie beside the password of its database, as JSON members. The administrator's password stays by itself:
 * workers may read the others.
 */
export function addBranchSecrets(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>, url: string): Secrets {
	const all = addSecret(stack, inputs, after, { role: 'database', value: 'database-and-keys', url, description: "PostgreSQL of the branch: password and URL; Airflow's keys" });
	return {
		databaseSecret: all,
		fernetKey: all,
		webserverKey: all,
		adminPassword: addSecret(stack, inputs, after, { role: 'admin-password', value: 'password', description: 'Airflow: password of the user admin' }),
		...(inputs.login.auth === 'db' ? {} : { clientSecret: addClientSecret(stack, inputs, after) }),
	};
}

export const clientSecretRole = 'oauth-client-secret';

function addClientSecret(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>): SecretNode {
	const name = naming(inputs).in(stack.scope).object(clientSecretRole);
	return stack.add(givenSecret(inputs.config.oauthClientSecret), `secret-${clientSecretRole}`, after, () => ({ name, description: 'Airflow: secret of its client at the login provider' }));
}

/** Made once, stored there and nowhere else. */
export function addSecret(stack: Stack<Aws>, inputs: StackInputs, after: Record<string, Node>, { role, ...content }: { role: string; value: Content; description: string; url?: string }): SecretNode {
	const name = naming(inputs).in(stack.scope).object(role);
	return stack.add(Secret, `secret-${role}`, after, () => ({ name, ...content }));
}
