import { expect, test } from 'vitest';
import { readable, streamOf } from '../../src/validate/log-lines.ts';

test('streams are named as Airflow names log files, without colons', () => {
	expect(streamOf('etl', 'scheduled__2026-11-23T00:00:00+00:00')).toBe('dag_id=etl/run_id=scheduled__2026-11-23T00_00_00+00_00/');
	expect(streamOf('etl', 'r', { task_id: 'load', map_index: -1, try_number: 2 })).toBe('dag_id=etl/run_id=r/task_id=load/attempt=2.log');
	expect(streamOf('etl', 'r', { task_id: 'load', map_index: 3, try_number: 0 })).toBe('dag_id=etl/run_id=r/task_id=load/map_index=3/attempt=1.log');
});

test('lines are shown as time, level, message, and the exception below', () => {
	const json = { time: '2026-11-24T13:28:23.944+00:00', level: 'ERROR', message: 'Task failed with exception', exception: 'Traceback\nValueError: dry' };
	expect(readable([{ time: 0, stream: 's', text: JSON.stringify(json), json }, { time: 1, stream: 's', text: 'plain\ntext', json: undefined }])).toEqual(['13:28:23 ERROR Task failed with exception', 'Traceback', 'ValueError: dry', 'plain', 'text']);
});
