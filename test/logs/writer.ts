import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { settings } from '../../src/aws/clients.ts';
import { taskLine } from './events.ts';

export const components = ['webserver', 'scheduler', 'dag-sync', 'task'] as const;
export const groupOf = (component: string): string => `/airflow-deploy/airflow/main/${component}`;
/** Watchtower sends what it gathered in this time: milliseconds. */
const lateBy = 5000;
const perBatch = 20;

/** Writes numbered lines into the groups of all components, by turns; tasks late, and in a new stream each time. */
export class CountingWriter {
	readonly #client: CloudWatchLogsClient;
	readonly #streams = new Set<string>();
	#batches = 0;
	#written = 0;

	constructor(endpoint: string) {
		this.#client = new CloudWatchLogsClient(settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }));
	}

	/** How many lines there are: their numbers are all below. */
	get written(): number {
		return this.#written;
	}

	async createGroups(): Promise<void> {
		for (const component of components) await this.#client.send(new CreateLogGroupCommand({ logGroupName: groupOf(component) }));
	}

	/** @param streams changes when the containers are started anew */
	async write(lines: number, streams: string): Promise<void> {
		for (const end = this.#written + lines; this.#written < end; this.#batches += 1) {
			const component = components[this.#batches % components.length] ?? '';
			const stream = component === 'task' ? `dag_id=tutorial/attempt=${this.#batches}.log` : `${component}/${component}/${streams}`;
			await this.#put(component, stream, component === 'task' ? lateBy : 0);
		}
	}

	async deleteGroup(component: string): Promise<void> {
		await this.#client.send(new DeleteLogGroupCommand({ logGroupName: groupOf(component) }));
	}

	destroy(): void {
		this.#client.destroy();
	}

	async #put(component: string, logStreamName: string, late: number): Promise<void> {
		const logGroupName = groupOf(component);
		if (!this.#streams.has(logStreamName)) await this.#client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
		this.#streams.add(logStreamName);
		const now = Date.now();
		const logEvents = Array.from({ length: perBatch }, (_, index) => ({ timestamp: now - late + Math.floor((late * index) / perBatch), message: taskLine(`number ${this.#written + index}`) }));
		await this.#client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
		this.#written += perBatch;
	}
}
