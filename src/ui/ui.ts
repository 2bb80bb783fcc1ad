import pc from 'picocolors';
import type { Event } from '../engine/events.ts';
import type { UserError } from '../errors.ts';
import { errorDocument, renderError } from './errors.ts';
import { readHistory } from './history.ts';
import { hasColours, type Io, type Output } from './io.ts';
import { plainPrinter } from './plain.ts';
import { openPrompt } from './prompt.ts';
import { type Lines, linesOn } from './lines.ts';
import type { Render, Style } from './render/style.ts';
import { openScreen, type Screen } from './screen.ts';
import type { Printer } from './terminal.ts';

/** All that commands say and ask. Results go to stdout, everything else to stderr. */
export interface Ui {
	/** The command's one result: the document itself with --json, else its rendering. */
	result<Document>(document: Document, render: Render<Document>): void;
	/** A result that comes line by line: `raw` of each with --json, else its rendering. */
	lines<Item>(render: Render<Item>, raw: (item: Item) => object): Lines<Item>;
	/**
	 * Shows a document that changes: in place on a terminal; elsewhere as a line, where `gist` differs from the one before.
	 */
	live<Document>(document: Document, render: Render<Document>, gist: (document: Document) => string): void;
	/** Shows the engine's events; `history` is the path of history.jsonl, the source of estimates. */
	observer(history: string): (event: Event) => void;
	/** What is worked on before there is a graph, e.g. an installation and its size. */
	busy(text: string): void;
	note(text: string): void;
	/** Goes on only after `expected` was typed, or with --yes. */
	confirm(question: string, expected: string): Promise<void>;
	/** An answer, or the fallback with --yes. */
	ask(question: string, fallback: string): Promise<string>;
	/** Whether the user is being asked something. */
	readonly asking: boolean;
	error(error: UserError): void;
	/** Ends the moving line and its timers. */
	close(): void;
}

export interface UiOptions {
	readonly io: Io;
	readonly json: boolean;
	readonly yes: boolean;
	readonly verbose: boolean;
	/** ` --region x --profile y`, as given. */
	readonly placeFlags: string;
	readonly signal: AbortSignal;
	/** One line for an error that a step ended with. */
	readonly explain: (error: unknown) => string;
}

export async function createUi({ io, json, yes, verbose, placeFlags, signal, explain }: UiOptions): Promise<Ui> {
	const { stdout, stderr } = io;
	const moving = !json && stderr.isTTY === true && io.env['TERM'] !== 'dumb' && !io.env['CI'];
	// ora is loaded only where its line can be seen.
	const makePrinter = moving ? (await import('./terminal.ts')).terminalPrinter : plainPrinter;
	let printer: Printer | undefined;
	const printerWith = (history: string | undefined): Printer =>
		makePrinter({ stream: stderr, colours: hasColours(stderr, io.env), history: history === undefined ? [] : readHistory(history), explain });
	const prompt = openPrompt(io, signal);
	let screen: Screen | undefined;
	let told: string | undefined;
	const close = (): void => {
		prompt.close();
		printer?.stop();
		printer = undefined;
	};
	return {
		result(document, render) {
			close();
			stdout.write(`${json ? JSON.stringify(document) : render(document, styleOf(stdout, io, placeFlags))}\n`);
		},
		lines(render, raw) {
			close();
			const style = styleOf(stdout, io);
			return linesOn(stdout, (item) => (json ? JSON.stringify(raw(item)) : render(item, style)));
		},
		live(document, render, gist) {
			close();
			if (stdout.isTTY === true && io.env['TERM'] !== 'dumb') return (screen ??= openScreen(stdout)).draw(render(document, styleOf(stdout, io)));
			const line = gist(document);
			if (line !== told) stdout.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
			told = line;
		},
		observer(history) {
			close();
			return (event) => (printer ??= printerWith(history)).event(event);
		},
		busy: (text) => (printer ??= printerWith(undefined)).busy(text),
		note: (text) => void stderr.write(`${text}\n`),
		async confirm(question, expected) {
			close();
			if (!yes) await prompt.confirm(question, expected);
		},
		ask: async (question, fallback) => (yes ? fallback : prompt.ask(question, fallback)),
		get asking() {
			return prompt.asking;
		},
		error(error) {
			close();
			stderr.write(`${renderError(error, styleOf(stderr, io), verbose)}\n`);
			if (json) stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
		},
		close,
	};
}

function styleOf(stream: Output, { env }: Io, placeFlags = ''): Style {
	return { colour: pc.createColors(hasColours(stream, env)), width: stream.columns ?? 80, placeFlags };
}
