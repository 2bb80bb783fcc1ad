/**
 * What a call of the preflight answers. One that is refused, or that the endpoint does not know, stops nobody: `what` is reported
 * as not checked.
 */
export async function unlessRefused<T>(warn: (line: string) => void, what: string, call: Promise<T>): Promise<T | undefined> {
	try {
		return await call;
	} catch (error) {
		warn(`not checked: ${what} (${error instanceof Error ? error.name : String(error)})`);
		return undefined;
	}
}
