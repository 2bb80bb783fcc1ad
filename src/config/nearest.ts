/** The candidate that was most likely meant, or undefined where none is near (more than a third of the letters differ). */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
	const ranked = candidates
		.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
		.sort((a, b) => a.distance - b.distance);
	const [best] = ranked;
	return best && best.distance <= Math.max(2, Math.ceil(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein's distance: letters to insert, delete or exchange. */
function editDistance(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (const [i, letter] of Array.from(from).entries()) {
		const next = [i + 1];
		for (const [j, other] of Array.from(to).entries()) {
			next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
		}
		row = next;
	}
	return row.at(-1) ?? 0;
}
