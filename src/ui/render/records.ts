import type { RecordedObject, RecoveredDocument } from '../../environment/documents.ts';
import { columns } from '../format.ts';
import type { Render } from './style.ts';

/** What the state files hold, a line each. */
export const renderRecords: Render<{ resources: readonly RecordedObject[] }> = ({ resources }, { colour }) => {
	if (resources.length === 0) return 'nothing is recorded';
	const [head = '', ...lines] = columns([['key', 'type', 'id', 'status'], ...resources.map(({ key, type, id, status }) => [key, type, id ?? '', status])]);
	return [colour.dim(head), ...lines].join('\n');
};

/** What was found again, then what was left alone. */
export const renderRecovered: Render<RecoveredDocument> = ({ resources, unrecorded, notOurs }, style) => {
	const why = 'it carries our tags, but is no part of what this version and its settings make';
	const alone = [...unrecorded.map((each) => ({ ...each, why })), ...notOurs];
	const lines = alone.map(({ type, id, why }) => `left alone: ${type} ${id}: ${why}`);
	return [renderRecords({ resources }, style), ...lines].join('\n');
};
