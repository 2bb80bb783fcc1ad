import { canonical } from './canonical.ts';

/** Whether two policies say the same: AWS answers lists of one as their item, and `"*"` for `{"AWS": "*"}`. */
export function samePolicy(one: unknown, other: unknown): boolean {
	return canonical(plain(one)) === canonical(plain(other));
}

function plain(value: unknown): unknown {
	if (Array.isArray(value)) return value.length === 1 ? plain(value[0]) : value.map(plain).sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
	if (typeof value !== 'object' || value === null) return value;
	const members = Object.entries(value).map(([name, member]) => [name, plain(member)] as const);
	const [only] = members;
	return members.length === 1 && only?.[0] === 'AWS' && only[1] === '*' ? '*' : Object.fromEntries(members);
}
