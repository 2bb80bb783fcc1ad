import { CreateScheduleCommand, DeleteScheduleCommand, GetScheduleCommand, type GetScheduleOutput, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { lastPart } from './ecs.ts';
import { describeRole } from './iam.ts';
import { carriesNonce } from './ownership.ts';
import { retrying } from './retrying.ts';
import { foreign, ignoring, required } from './support.ts';

type Props = {
	/** At most 64 characters, unique in the schedule group `default`. */
	name: string;
	/** When the service is stopped: ISO 8601, whole seconds, UTC. */
	at: string;
	/** What the schedule acts as; it is its parent, since a schedule has no tags. */
	roleArn: string;
	/** Names of the cluster and of its service; the service need not be there yet. */
	cluster: string;
	service: string;
};
type Outputs = Props & { arn: string };

const schedules = ['arn:{partition}:scheduler:{region}:{account}:schedule/default/{project}-*'];
const roles = ['arn:{partition}:iam::{account}:role{role-path}{project}-*'];

/**
 * Stops a service at its hour, once: EventBridge Scheduler's universal target sets the desired count to 0, and the schedule is
 * deleted (EventBridge Scheduler user guide, "Using universal targets" and "Deleting a schedule").
 */
export const Schedule = defineResource<Aws, Props, Outputs>({
	type: 'AWS::Scheduler::Schedule',
	immutable: ['name'],
	collides: true,
	replacement: 'delete-first',
	endsItself: true,
	permissions: [
		{ actions: ['scheduler:GetSchedule'], on: schedules },
		{ actions: ['scheduler:CreateSchedule', 'scheduler:UpdateSchedule'], on: schedules, for: 'up' },
		{ actions: ['iam:PassRole'], on: roles, for: 'up', condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } } },
		{ actions: ['scheduler:DeleteSchedule'], on: schedules, for: 'teardown' },
		{ actions: ['iam:GetRole'], on: roles, for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name, roleArn }) {
		const found = await describe(ctx, name);
		if (found && found.roleArn !== roleArn) throw foreign('the schedule', name);
		return found;
	},

	async create(ctx, props) {
		assertAhead(props);
		const create = new CreateScheduleCommand({ ...settings(ctx, props), ClientToken: ctx.token });
		const { ScheduleArn } = await retrying(ctx, () => ctx.aws.client(SchedulerClient).send(create), newRole);
		return { ...props, arn: required(ScheduleArn) };
	},

	matches: (props, found) => (['at', 'roleArn', 'cluster', 'service'] as const).every((name) => props[name] === found[name]),

	async update(ctx, props, outputs) {
		assertAhead(props);
		await retrying(ctx, () => ctx.aws.client(SchedulerClient).send(new UpdateScheduleCommand(settings(ctx, props))), newRole);
		return { ...outputs, ...props };
	},

	async remove(ctx, { name, roleArn }) {
		const found = await describe(ctx, name);
		if (!found || found.roleArn !== roleArn) return;
		const role = await describeRole(ctx, lastPart(roleArn));
		if (role && !carriesNonce(ctx, role.Tags)) return;
		await ignoring(['ResourceNotFoundException'], ctx.aws.client(SchedulerClient).send(new DeleteScheduleCommand({ Name: name })));
	},

	exists: async (ctx, { name, roleArn }) => (await describe(ctx, name))?.roleArn === roleArn,
});

const newRole = { passing: /must allow AWS EventBridge Scheduler to assume the role/, why: 'waiting for EventBridge Scheduler to know the role' };

/** AWS refuses a time that has passed. */
function assertAhead({ at }: Props): void {
	if (Date.parse(at) > Date.now()) return;
	throw new UserError('TtlTooShort', `the branch was to end at ${at}, which has passed before it was up`, { hint: 'airflow-deploy branch create --ttl 3d   # or longer' });
}

/** Without an offset, and with the zone beside it: the only form that EventBridge Scheduler takes. */
function settings(ctx: Context<Aws>, { name, at, roleArn, cluster, service }: Props) {
	return {
		Name: name,
		Description: `stops ${service} when its time is up`,
		ScheduleExpression: `at(${at.replace(/Z$/, '')})`,
		ScheduleExpressionTimezone: 'UTC',
		FlexibleTimeWindow: { Mode: 'OFF' as const },
		ActionAfterCompletion: 'DELETE' as const,
		State: 'ENABLED' as const,
		Target: {
			Arn: `arn:${ctx.aws.partition}:scheduler:::aws-sdk:ecs:updateService`,
			RoleArn: roleArn,
			// Universal targets write members in upper camel case, whatever the service does.
			Input: JSON.stringify({ Cluster: cluster, Service: service, DesiredCount: 0 }),
		},
	};
}

async function describe(ctx: Context<Aws>, name: string): Promise<Outputs | undefined> {
	const found = await ignoring(['ResourceNotFoundException'], ctx.aws.client(SchedulerClient).send(new GetScheduleCommand({ Name: name })));
	return found && outputsOf(name, found);
}

function outputsOf(name: string, { Arn, ScheduleExpression = '', Target, State }: GetScheduleOutput): Outputs {
	const [, time = ''] = /^at\((.*)\)$/.exec(ScheduleExpression) ?? [];
	const input = inputOf(Target?.Input);
	const stops = State === 'ENABLED' && input['DesiredCount'] === 0;
	return { name, arn: required(Arn), at: stops ? `${time}Z` : '', roleArn: Target?.RoleArn ?? '', cluster: text(input['Cluster']), service: text(input['Service']) };
}

/** Somebody may have written anything there. */
function inputOf(input = '{}'): Record<string, unknown> {
	try {
		return JSON.parse(input) as Record<string, unknown>;
	} catch {
		return {};
	}
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
