import { expiryAfter } from '../config/ttl.ts';
import type { BranchWishes } from '../environment/environment.ts';
import { flag, type Given, value } from './define.ts';

/** What can be said of a branch, when it is made and later: what is not said stays as it is. */
export const branchFlags = {
	mysql: flag('with MySQL beside PostgreSQL'),
	'no-mysql': flag('without it again; its data go'),
	ephemeral: flag('databases that begin anew with each task'),
	'no-ephemeral': flag('databases that outlive a task again'),
	ttl: value('<span>', 'how long it stays from now on: 90m, 12h, 3d, none (a new one: 7d)'),
} as const;

type Choice = Given<typeof branchFlags>;

/** @throws UserError `InvalidTtl` (exit 2) */
export function wishesOf(choice: Choice): Pick<BranchWishes, 'mysql' | 'ephemeral' | 'expiresAt'> {
	return {
		...either('mysql', choice.mysql, choice['no-mysql']),
		...either('ephemeral', choice.ephemeral, choice['no-ephemeral']),
		...(choice.ttl === undefined ? {} : { expiresAt: expiryAfter(choice.ttl, new Date()) }),
	};
}

/** Neither flag: it stays as it is; of both the last one counts. */
function either<Name extends string>(name: Name, yes: boolean, no: boolean): { [Key in Name]?: boolean } {
	return (yes || no ? { [name]: yes } : {}) as { [Key in Name]?: boolean };
}
