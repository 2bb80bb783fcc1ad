import type { Account, Laws } from '../account.ts';
import { type Call, json, memberOf } from '../front/call.ts';
import { AwsError } from '../front/failure.ts';

const longestSecret = 65_536;
/** ForceDeleteWithoutRecovery answers before the name is free. */
const forcedMilliseconds = 500;

export function secretsManagerLaws({ moto }: Account): Laws {
	const held = new Map<string, number>();
	const describe = async ({ region }: Call, SecretId: string) => moto.json({ service: 'secretsmanager', region, operation: 'DescribeSecret' }, 'secretsmanager', { SecretId });
	const nameOf = async (call: Call): Promise<string | undefined> => {
		const found = await describe(call, memberOf(json(call), 'SecretId') ?? '').catch(() => undefined);
		return found && memberOf(found, 'Name');
	};

	return {
		CreateSecret: {
			async before(call) {
				checkLength(call);
				const name = memberOf(json(call), 'Name') ?? '';
				if (!/^[\w/+=.@-]{1,512}$/.test(name)) throw new AwsError('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!');
				const found = await describe(call, name).catch(() => undefined);
				// moto describes a secret that is not deleted with a DeletedDate of null.
				const deleted = typeof found?.['DeletedDate'] === 'number' || performance.now() < (held.get(`${call.region} ${name}`) ?? 0);
				if (deleted) throw new AwsError('InvalidRequestException', "You can't create this secret because a secret with this name is already scheduled for deletion.");
			},
		},
		PutSecretValue: { before: checkLength },
		UpdateSecret: { before: checkLength },
		DeleteSecret: {
			async before(call) {
				const { ForceDeleteWithoutRecovery, RecoveryWindowInDays } = json(call);
				if (ForceDeleteWithoutRecovery === true && RecoveryWindowInDays !== undefined) throw new AwsError('InvalidParameterException', "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
				if (typeof RecoveryWindowInDays === 'number' && (RecoveryWindowInDays < 7 || RecoveryWindowInDays > 30)) throw new AwsError('InvalidParameterException', 'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
				const name = await nameOf(call);
				if (ForceDeleteWithoutRecovery === true && name !== undefined) held.set(`${call.region} ${name}`, performance.now() + forcedMilliseconds);
			},
		},
	};
}

function checkLength(call: Call): void {
	const secret = memberOf(json(call), 'SecretString') ?? '';
	if (Buffer.byteLength(secret) > longestSecret) throw new AwsError('ValidationException', `1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to ${longestSecret}`);
}
