import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { child, descendants, element, items, parseXml, setChild, textOf, writeXml, XmlError } from '../../src/local/xml.ts';

test('what was written is read again, whatever the text', () => {
	fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
		const clean = text.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '');
		expect(textOf(parseXml(writeXml(element('A', { B: clean }))), 'B')).toBe(clean);
	}));
});

test('lists, attributes, entities, comments and CDATA', () => {
	const document = parseXml('<?xml version="1.0"?>\n<A xmlns="x"><!-- no --><set><item><id>1</id></item><item><id>2 &lt;&amp;&#x41;&#66;</id></item></set><e/><c><![CDATA[<raw>]]></c></A>');
	expect(items(document, 'set').map((item) => textOf(item, 'id'))).toEqual(['1', '2 <&AB']);
	expect(textOf(document, 'c')).toBe('<raw>');
	expect(descendants(document, 'id')).toHaveLength(2);
	const set = child(document, 'set');
	if (set) setChild(document, 'e', { f: [1, true], g: undefined });
	expect(writeXml(document)).toContain('<A xmlns="x">');
	expect(writeXml(document)).toContain('<e><f>1</f><f>true</f></e>');
});

test.each(['', '<a>', '<a></b>', '</a>', '<a><b></a></b>', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', 'a < b', `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`])('%j is refused', (source) => {
	expect(() => parseXml(source)).toThrow(XmlError);
});
