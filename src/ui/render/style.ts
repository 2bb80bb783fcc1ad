import type pc from 'picocolors';

/** How a rendering may look: the stream's colours (or none) and its width in characters. */
export interface Style {
	readonly colour: ReturnType<typeof pc.createColors>;
	readonly width: number;
	/** ` --region x --profile y`, as given: commands that are named get them too. */
	readonly placeFlags?: string;
}

/** Turns a document into text for people, lines separated by newlines, none at the end. */
export type Render<Document> = (document: Document, style: Style) => string;
