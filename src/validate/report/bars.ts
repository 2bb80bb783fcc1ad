import { type Html, html } from './html.ts';

export interface Bar {
	readonly name: string;
	/** Shown at the bar's end. */
	readonly note?: string;
	readonly startSeconds: number;
	readonly seconds: number;
	/** A class of the style sheet: `passed`, `failed`, `critical` … */
	readonly look: string;
}

/** Bars on a common scale, one a row. Percentages only, so that it fits any width. */
export function barChart(bars: readonly Bar[], totalSeconds: number): Html {
	const scale = (seconds: number): string => `${Math.max(0, Math.min(100, (seconds / Math.max(totalSeconds, 0.1)) * 100)).toFixed(2)}%`;
	const rows = bars.map(({ name, note, startSeconds, seconds, look }) => {
		const time = `${seconds.toFixed(1)} s`;
		return html`<li><span class="what">${name}</span><span class="track"><i class="bar ${look}" style="margin-left:${scale(startSeconds)};width:${scale(seconds)}"></i></span><span class="time">${note ?? time}</span></li>`;
	});
	return html`<ol class="bars">${rows}</ol><p class="axis"><span>0 s</span><span>${(totalSeconds / 2).toFixed(0)} s</span><span>${totalSeconds.toFixed(0)} s</span></p>`;
}
