/** Whether an agent's version, of four numbers, is higher than another. */
export function isNewerAgent(version: string, than: readonly number[]): boolean {
	const numbers = version.split('.').map(Number);
	const first = than.findIndex((number, index) => number !== numbers[index]);
	return first >= 0 && (numbers[first] ?? 0) > (than[first] ?? 0);
}
