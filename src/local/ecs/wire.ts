export type Json = Readonly<Record<string, unknown>>;

/** AWS never sends null: a member without a value is left out. */
export function withoutUnset(members: Json): Json {
	return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Times on the wire are seconds since the epoch, with fractions. */
export function seconds(milliseconds: number): number;
export function seconds(milliseconds: number | undefined): number | undefined;
export function seconds(milliseconds: number | undefined): number | undefined {
	return milliseconds === undefined ? undefined : milliseconds / 1000;
}
