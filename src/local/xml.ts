/** One element of an AWS answer. Namespaces and comments play no part in them. */
export interface Element {
	readonly name: string;
	readonly attributes: string;
	readonly children: Element[];
	text: string;
}

export class XmlError extends Error {}

const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const deepest = 64;

/**
 * Reads the XML that AWS APIs speak: elements, attributes and text; no document types, so no entities but the five of XML.
 * @throws XmlError where the text is not well-formed
 */
export function parseXml(source: string): Element {
	const root: Element = { name: '', attributes: '', children: [], text: '' };
	const open = [root];
	token.lastIndex = 0;
	while (token.lastIndex < source.length) {
		const found = token.exec(source);
		const current = open.at(-1);
		if (!found || !current) throw new XmlError('the XML is not well-formed');
		const [, cdata, closes, opens, attributes = '', empty, text] = found;
		if (cdata !== undefined) current.text += cdata;
		else if (text !== undefined) current.text += unescapeXml(text);
		else if (closes !== undefined) close(open, closes);
		else if (opens !== undefined) begin(open, current, { name: opens, attributes, children: [], text: '' }, empty === '/');
	}
	const [document] = root.children;
	if (open.length !== 1 || !document) throw new XmlError('the XML is not well-formed');
	return document;
}

function begin(open: Element[], parent: Element, element: Element, empty: boolean): void {
	if (open.length > deepest) throw new XmlError('the XML is nested too deeply');
	parent.children.push(element);
	if (!empty) open.push(element);
}

function close(open: Element[], name: string): void {
	if (open.length < 2 || open.pop()?.name !== name) throw new XmlError('the XML is not well-formed');
}

/** The text of an XML document; whitespace between elements is left out. */
export function writeXml(element: Element): string {
	return `<?xml version="1.0" encoding="UTF-8"?>\n${write(element)}`;
}

function write({ name, attributes, children, text }: Element): string {
	const inside = children.length > 0 ? children.map(write).join('') : escapeXml(text);
	return `<${name}${attributes}>${inside}</${name}>`;
}

/** A value as XML: an object's members become elements, a list repeats its name, undefined is left out. */
export type XmlValue = string | number | boolean | undefined | XmlValue[] | { [name: string]: XmlValue };

/** `element('Endpoint', { Address: 'localhost', Port: 5432 })` */
export function element(name: string, value: XmlValue, attributes = ''): Element {
	if (value === null || typeof value !== 'object') return { name, attributes, children: [], text: value === undefined ? '' : String(value) };
	return { name, attributes, children: Object.entries(value).flatMap(([key, item]) => elements(key, item)), text: '' };
}

function elements(name: string, value: XmlValue): Element[] {
	if (value === undefined) return [];
	return Array.isArray(value) ? value.map((item) => element(name, item)) : [element(name, value)];
}

/** The first element on this path of names, e.g. `child(instance, 'Endpoint', 'Address')`. */
export function child(parent: Element | undefined, ...names: string[]): Element | undefined {
	return names.reduce<Element | undefined>((at, name) => at?.children.find((candidate) => candidate.name === name), parent);
}

export function textOf(parent: Element | undefined, ...names: string[]): string | undefined {
	return child(parent, ...names)?.text;
}

/** All elements of this name, at any depth, in document order. */
export function descendants(parent: Element | undefined, name: string): Element[] {
	return (parent?.children ?? []).flatMap((item) => [...(item.name === name ? [item] : []), ...descendants(item, name)]);
}

/** The members of an AWS list: `items(answer, 'networkInterfaceSet')` are its `<item>`s. */
export function items(parent: Element | undefined, ...names: string[]): Element[] {
	return child(parent, ...names)?.children ?? [];
}

/** Sets a member, in the place where it was or at the end; undefined removes it. */
export function setChild(parent: Element, name: string, value: XmlValue): void {
	const at = parent.children.findIndex((candidate) => candidate.name === name);
	if (at >= 0) parent.children.splice(at, 1, ...elements(name, value));
	else parent.children.push(...elements(name, value));
}

export function escapeXml(text: string): string {
	return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
	return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
		if (name !== undefined) return entities[name] ?? whole;
		const point = Number.parseInt(hex ?? decimal ?? '', hex === undefined ? 10 : 16);
		return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
	});
}
