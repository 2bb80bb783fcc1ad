const passing = new Set(['ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'EPIPE', 'TimeoutError']);

/** Whether a call may succeed when it is made again: a network that was away, an overloaded service. A refused connection stays. */
export function isPassing(error: unknown): boolean {
	if (!(error instanceof Error)) return false;
	const { code, $retryable, $metadata } = error as NodeJS.ErrnoException & { $retryable?: object; $metadata?: { httpStatusCode?: number } };
	return passing.has(error.name) || passing.has(code ?? '') || $retryable !== undefined || ($metadata?.httpStatusCode ?? 0) >= 500 || $metadata?.httpStatusCode === 429;
}
