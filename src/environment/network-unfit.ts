import { Exit, UserError } from '../errors.ts';

/** The network that the configuration names cannot carry an environment. */
export function networkUnfit(why: string, hint: string): UserError {
	return new UserError('NetworkUnfit', why, { hint, exit: Exit.usage });
}
