import type { RecordedObject } from '../../environment/documents.ts';
import { columns } from '../format.ts';
import type { Render } from './style.ts';

/** What the state files hold, a line each. */
export const renderRecords: Render<{ resources: readonly RecordedObject[] }> = ({ resources }, { colour }) => {
	if (resources.length === 0) return 'nothing is recorded';
	const [head = '', ...lines] = columns([['key', 'type', 'id', 'status'], ...resources.map(({ key, type, id, status }) => [key, type, id ?? '', status])]);
	return [colour.dim(head), ...lines].join('\n');
};
