import { expect, test } from 'vitest';
import { callerCidr } from '../../src/environment/caller-address.ts';

test('on loopback the caller is this machine, whatever else is said', async () => {
	for (const url of ['http://127.0.0.1:4566', 'http://localhost:1', 'http://[::1]:9/', 'http://127.8.9.10']) expect(await callerCidr(url, { CI: 'true' })).toBe('127.0.0.0/8');
});

test('a CI machine is nobody to let in: nothing is looked up', async () => {
	for (const url of [undefined, 'https://aws.example.com', 'http://127.0.0.1.example.com']) {
		await expect(callerCidr(url, { CI: 'true' })).rejects.toMatchObject({ code: 'AllowedCidrsNeeded', exit: 2, message: expect.stringContaining('CI=true') as string });
	}
});
