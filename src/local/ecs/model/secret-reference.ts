import type { SecretReference } from '../dependencies.ts';

export interface SecretSelector {
	readonly reference: SecretReference;
	/** Take this member of the JSON object that the secret is. */
	readonly jsonKey: string | undefined;
}

/**
 * Reads `valueFrom`: a full Secrets Manager ARN, optionally with `:json-key:version-stage:version-id`, an SSM parameter's
 * ARN, or its name (developer guide, "Specifying sensitive data"). undefined: none of them.
 * @param region of a parameter given by name
 */
export function parseSecretReference(valueFrom: string, region: string): SecretSelector | undefined {
	if (!valueFrom.startsWith('arn:')) return /^[\w./-]+$/.test(valueFrom) ? { reference: { service: 'ssm', region, name: valueFrom }, jsonKey: undefined } : undefined;
	const parts = valueFrom.split(':');
	const [, , service, ownRegion = region, , kind] = parts;
	if (service === 'ssm' && kind?.startsWith('parameter/') === true) return parameter(ownRegion, parts.slice(5).join(':'));
	if (service !== 'secretsmanager' || kind !== 'secret' || (parts[6] ?? '') === '' || parts.length > 10) return undefined;
	const [jsonKey, versionStage, versionId] = parts.slice(7).map((part) => (part === '' ? undefined : part));
	return { reference: { service, region: ownRegion, secretId: parts.slice(0, 7).join(':'), versionStage, versionId }, jsonKey };
}

function parameter(region: string, resource: string): SecretSelector {
	// `parameter/name` for a plain name, `parameter/path/name` for `/path/name`.
	const path = resource.slice('parameter/'.length);
	return { reference: { service: 'ssm', region, name: path.includes('/') ? `/${path}` : path }, jsonKey: undefined };
}
