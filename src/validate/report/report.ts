import type { TimelineDocument } from '../../environment/documents.ts';
import { isOk, type Result } from '../check.ts';
import type { RunBars } from '../run-timeline.ts';
import type { Deployed } from '../session.ts';
import { barChart } from './bars.ts';
import { type Html, Html as Raw, html } from './html.ts';
import { styles } from './styles.ts';

export interface ReportInput {
	readonly deployed: Deployed;
	readonly ok: boolean;
	readonly began: Date;
	readonly wallSeconds: number;
	readonly results: readonly Result[];
	readonly versions: Readonly<Record<string, string>>;
	readonly runs: readonly RunBars[];
	/** The last `up` that changed something, where this working directory has one. */
	readonly lastUp: TimelineDocument | undefined;
}

/** The report: one file that needs nothing else, from disk or by mail, in light and dark, on a phone. */
export function renderReport(input: ReportInput): string {
	const { config } = input.deployed;
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${input.ok ? '✔' : '✘'} ${config.environment}: validation of ${input.began.toISOString().slice(0, 16).replace('T', ' ')}</title>
<style>${new Raw(styles)}</style>
</head>
<body>
<main>
${header(input)}
<section><h2>Checks</h2><p class="quiet">Each opens: the lines that were seen, and the page as it was.</p>${input.results.map(check)}</section>
${timeline(input)}
${runs(input)}
${facts(input)}
${lastUp(input.lastUp)}
</main>
</body>
</html>
`.text;
}

function header({ ok, results, deployed, began, wallSeconds }: ReportInput): Html {
	const failed = results.filter(({ verdict }) => verdict === 'failed');
	const passed = results.filter(({ verdict }) => verdict === 'passed').length;
	const verdict = ok ? `All ${passed} checks passed` : failed.length > 0 ? `${failed.length} of ${results.length} checks failed` : 'The validation was interrupted';
	return html`<header class="${ok ? 'passed' : 'failed'}"><p class="over">${deployed.config.project} · ${deployed.config.environment}</p><h1>${ok ? '✔' : '✘'} ${verdict}</h1><p>${failed.map(({ name, detail }) => html`<a href="#${anchor(name)}"><b>${name}</b></a> ${detail}<br>`)}</p><p class="quiet"><time>${began.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> · ${wallSeconds.toFixed(0)} s</p></header>`;
}

function facts({ deployed: { status }, versions }: ReportInput): Html {
	const rows: readonly (readonly [string, string])[] = [
		['web page', status.webserver.url ?? 'no address'],
		['target', `${status.target}, account ${status.account}, ${status.region}`],
		['DAGs', `${status.bundle.dags} parsed from bundle ${status.bundle.parsed ?? 'none'}`],
		...Object.entries(versions),
	];
	return html`<section><h2>What was validated</h2><dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

const marks: Readonly<Record<Result['verdict'], string>> = { passed: '✔', failed: '✘', 'not-checked': '·', 'left-out': '–' };

function check({ name, proves, verdict, seconds, detail, hint, lines, screenshot }: Result): Html {
	const shot = screenshot === undefined ? undefined : html`<a class="shot" href="#${anchor(name)}-shot"><img id="${anchor(name)}-shot" loading="lazy" alt="the page when ${name} ended" src="data:image/png;base64,${screenshot.toString('base64')}"></a>`;
	const body = html`${hint === undefined ? undefined : html`<p class="hint">${hint}</p>`}${lines.length === 0 ? undefined : html`<pre>${lines.join('\n')}</pre>`}${shot}`;
	const summary = html`<summary><span class="mark">${marks[verdict]}</span><span class="name">${name}</span><span class="time">${verdict === 'not-checked' ? '' : `${seconds.toFixed(1)} s`}</span><span class="proves">${proves}</span><span class="detail">${detail}</span></summary>`;
	return new Raw(`<details class="check ${verdict}" id="${anchor(name)}"${isOk({ verdict }) ? '' : ' open'}>${summary.text}${body.text}</details>`);
}

function timeline({ results, wallSeconds }: ReportInput): Html {
	const bars = results.filter(({ verdict }) => verdict !== 'not-checked').map(({ name, startSeconds, seconds, verdict }) => ({ name, startSeconds, seconds, look: verdict }));
	return html`<section><h2>Timeline</h2>${barChart(bars, wallSeconds)}</section>`;
}

function runs({ runs, wallSeconds }: ReportInput): Html | undefined {
	if (runs.length === 0) return undefined;
	return html`<section><h2>Runs</h2>${runs.map(({ dagId, runId, bars }) => html`<h3>${dagId} <small>${runId}</small></h3>${barChart(bars.map((bar) => ({ ...bar, note: `${bar.state} ${bar.seconds.toFixed(1)} s`, look: bar.state === 'success' ? 'passed' : 'failed' })), wallSeconds)}`)}</section>`;
}

function lastUp(up: TimelineDocument | undefined): Html | undefined {
	if (up === undefined) return undefined;
	const bars = up.steps.filter(({ action }) => action !== 'none').map(({ key, startSeconds, seconds, critical }) => ({ name: key, startSeconds, seconds, look: critical ? 'critical' : 'plain' }));
	return html`<section><h2>The last ${up.command}</h2><p class="quiet">${up.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${up.wallSeconds.toFixed(0)} s; the critical path of ${up.criticalPathSeconds.toFixed(0)} s stands out.</p>${barChart(bars, up.wallSeconds)}</section>`;
}

function anchor(name: string): string {
	return name.replaceAll(/[^\w-]/g, '-');
}
