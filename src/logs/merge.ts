import { byTime } from './event.ts';

interface Head<T> {
	readonly pages: AsyncIterator<readonly T[]>;
	readonly page: readonly T[];
	readonly at: number;
}

/**
 * Several sources, each oldest first, as one: batches in the order of time. It holds one page of each source, so no source is
 * read further than the others need.
 */
export async function* merge<T extends { readonly timestamp: number }>(sources: readonly AsyncIterable<readonly T[]>[]): AsyncGenerator<T[]> {
	let heads = (await Promise.all(sources.map((source) => nextPage<T>(source[Symbol.asyncIterator]())))).filter((head) => head !== undefined);
	while (heads.length > 0) {
		// What is not younger than the end of the page that ends first is complete.
		const horizon = Math.min(...heads.map(({ page }) => page.at(-1)?.timestamp ?? 0));
		const cut = heads.map(({ page, at, pages }) => ({ pages, page, at, end: upTo(page, at, horizon) }));
		const batch = cut.flatMap(({ page, at, end }) => page.slice(at, end)).toSorted(byTime);
		if (batch.length > 0) yield batch;
		const advanced = await Promise.all(cut.map(async ({ pages, page, end }) => (end < page.length ? { pages, page, at: end } : nextPage(pages))));
		heads = advanced.filter((head) => head !== undefined);
	}
}

/** The next page that is not empty. CloudWatch Logs answers empty ones in between. */
async function nextPage<T extends { readonly timestamp: number }>(pages: AsyncIterator<readonly T[]>): Promise<Head<T> | undefined> {
	for (;;) {
		const { done, value } = await pages.next();
		if (done === true) return undefined;
		if (value.length > 0) return { pages, page: value.toSorted(byTime), at: 0 };
	}
}

function upTo(page: readonly { readonly timestamp: number }[], from: number, horizon: number): number {
	let end = from;
	while (end < page.length && (page[end]?.timestamp ?? 0) <= horizon) end += 1;
	return end;
}
