import type { ImportError } from '../../environment/documents.ts';
import { count, wrap } from '../format.ts';
import type { Style } from './style.ts';

/** `dags/broken.py:3: SyntaxError: …`, as editors and CI annotate it. */
export function importErrorLines(errors: readonly ImportError[], { colour, width }: Style): string[] {
	if (errors.length === 0) return [];
	const lines = errors.flatMap(({ file, line, message }) => {
		const [first = '', ...rest] = message.trim().split('\n');
		const last = rest.findLast((text) => text.trim() !== '')?.trim();
		// A traceback's last line is the error itself.
		const text = first.startsWith('Traceback') && last !== undefined ? last : first;
		return wrap(`${file}${line === null ? '' : `:${line}`}: ${text}`, Math.max(width, 80) - 4).map((part, index) => `${index === 0 ? '  ' : '    '}${part}`);
	});
	return [colour.red(`${count(errors.length, 'import error')}:`), ...lines];
}
