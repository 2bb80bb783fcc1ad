/** Text that can stand in an element or an attribute. */
function escape(text: string): string {
	return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A template whose values are escaped; what another `html` made, and lists of it, stand as they are. */
export function html(parts: TemplateStringsArray, ...values: readonly (Html | readonly Html[] | string | number | undefined)[]): Html {
	return new Html(parts.map((part, index) => part + shown(values[index])).join(''));
}

export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

function shown(value: Html | readonly Html[] | string | number | undefined): string {
	if (value === undefined) return '';
	if (value instanceof Html) return value.text;
	if (typeof value === 'object') return value.map(({ text }) => text).join('');
	return escape(String(value));
}
