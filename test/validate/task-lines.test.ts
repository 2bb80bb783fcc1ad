import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { webserverLines } from '../../src/validate/checks/component-lines.ts';
import { taskLines } from '../../src/validate/checks/task-lines.ts';
import type { OwnRun, Session } from '../../src/validate/session.ts';
import type { WebPage } from '../../src/validate/web-page.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { deployedAt, sessionOf } from './sample.ts';

const group = '/airflow-deploy/airflow/main/task';
const since = Date.now() - 30_000;
const own: OwnRun = { dagId: 'etl', runId: 'validate__1', wasPaused: true, since, triggered: true, ended: since + 5000 };
const line = (message: string, more: object = {}): string => JSON.stringify({ time: '2026-11-24T13:28:23.944+00:00', level: 'INFO', logger: 'airflow.task', message, dag_id: 'etl', task_id: 'load', run_id: 'validate__1', try_number: 1, ...more });

let endpoint: TestEndpoint;
let aws: Aws;
let session: Session;

beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
	const task = { task_id: 'load', map_index: -1, state: 'success', try_number: 1, start_date: 'x', end_date: 'x', duration: 1 };
	const page = { api: { tasks: async () => [task] } } as unknown as WebPage;
	session = sessionOf({ ...deployedAt('http://192.0.2.1:8080'), aws }, { page, runs: [own], began: since, logPages: new Map([['etl', { task: 'load', text: '[2026-11-24T13:28:23] {airflow.task} INFO - Total:  42\n[…] INFO - done' }]]) });
	const logs = aws.client(CloudWatchLogsClient);
	await logs.send(new DeleteLogGroupCommand({ logGroupName: group })).catch(() => {});
	await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
});

async function written(...messages: string[]): Promise<void> {
	const stream = { logGroupName: group, logStreamName: 'dag_id=etl/run_id=validate__1/task_id=load/attempt=1.log' };
	await aws.client(CloudWatchLogsClient).send(new CreateLogStreamCommand(stream));
	await aws.client(CloudWatchLogsClient).send(new PutLogEventsCommand({ ...stream, logEvents: messages.map((message, index) => ({ message, timestamp: since + 1000 + index })) }));
}

const checked = (): Promise<unknown> => taskLines('etl').run(session);

test('lines that carry DAG, run and task, and stand on the log page, prove it', async () => {
	await written(line('Total: 42'), line('done'));
	expect(await checked()).toMatchObject({ detail: `2 JSON lines of 1 task in ${group}, those of load as on its log page`, lines: ['13:28:23 INFO Total: 42', '13:28:23 INFO done'] });
});

test('plain text is no JSON', async () => {
	await written(line('Total: 42'), '[2026-11-24] INFO - done');
	await expect(checked()).rejects.toMatchObject({ message: `1 of 2 lines of the run in ${group} are not JSON: "[2026-11-24] INFO - done"`, hint: expect.stringContaining('config/log_config.py') as string });
});

test('a line without its run is not found by it', async () => {
	await written(line('Total: 42', { run_id: undefined }));
	await expect(checked()).rejects.toThrow('does not carry run_id validate__1');
});

test('a line that the log page lacks is no line of that page', async () => {
	await written(line('Total: 43'));
	await expect(checked()).rejects.toThrow('the log page of load lacks 1 of 1 lines that CloudWatch has: "Total: 43"');
});

test('no line, and no group', async () => {
	await expect(checked()).rejects.toThrow(`${group} has no line of load of run validate__1 (etl)`);
	await aws.client(CloudWatchLogsClient).send(new DeleteLogGroupCommand({ logGroupName: group }));
	await expect(checked()).rejects.toMatchObject({ message: `the log group ${group} does not exist`, hint: expect.stringContaining('airflow-deploy up') as string });
});

test('a webserver that prints plain text has not logged our visit', async () => {
	const stream = { logGroupName: '/airflow-deploy/airflow/main/webserver', logStreamName: 'webserver/webserver/1' };
	await aws.client(CloudWatchLogsClient).send(new CreateLogGroupCommand(stream));
	await aws.client(CloudWatchLogsClient).send(new CreateLogStreamCommand(stream));
	await aws.client(CloudWatchLogsClient).send(new PutLogEventsCommand({ ...stream, logEvents: [{ message: '127.0.0.1 "GET /login/ HTTP/1.1" 200', timestamp: since + 1000 }] }));
	await expect(webserverLines.run(session)).rejects.toThrow('none of 1 lines about our visit of /login/ in /airflow-deploy/airflow/main/webserver is JSON');
});
