/** Whether a URL points at this machine: there is nothing behind it that takes minutes, and nobody but its user reaches it. */
export function isLoopback(url: string | undefined): boolean {
	return url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
