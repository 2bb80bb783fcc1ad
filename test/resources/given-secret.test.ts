import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { givenSecret, isStored } from '../../src/resources/given-secret.ts';
import { Secret } from '../../src/resources/secret.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type World, world } from './sample.ts';

let endpoint: TestEndpoint;
let aws: Aws;
let here: World;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
	here = world(aws);
});
afterAll(() => endpoint.close());

const props = { name: 'airflow-test-oauth-client-secret', description: 'of a test' };
const stored = async (): Promise<string | undefined> => (await aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: props.name }))).SecretString;

test('a secret that is given once is stored, kept, changed and removed, and recorded nowhere', async () => {
	const ctx = contextOf(here, 'given');
	const [first, second, later] = [givenSecret('first-value'), givenSecret('second-value'), givenSecret(undefined)];
	expect(await isStored(aws, props.name)).toBe(false);
	await expect(later.create(ctx, props)).rejects.toMatchObject({ code: 'ClientSecretMissing', exit: 2 });

	const made = await first.create(ctx, props);
	expect(await stored()).toBe('first-value');
	expect(await isStored(aws, props.name)).toBe(true);

	// Nothing is given in later runs: what is there is as it should be.
	const kept = await later.find(ctx, props, made);
	expect(kept).toMatchObject({ version: made.version, isCurrent: true });
	expect(kept && later.matches?.(props, kept)).toBe(true);

	const found = await second.find(ctx, props, made);
	expect(found && second.matches?.(props, found)).toBe(false);
	const changed = await second.update?.(ctx, props, made);
	expect(await stored()).toBe('second-value');
	// Another version makes another task definition, so that the webserver is started with it.
	expect(changed?.version).not.toBe(made.version);
	expect(await second.find(ctx, props, undefined)).toMatchObject({ version: changed?.version, isCurrent: true });

	expect(JSON.stringify([made, kept, found, changed, here.notes])).not.toMatch(/first-value|second-value/);
	// Known by its type alone, as teardown knows it.
	await Secret.remove(ctx, made);
	expect(await isStored(aws, props.name)).toBe(false);
});
