import type { Ecs } from './ecs/dependencies.ts';
import type { ExecutionRoles } from './execution-roles.ts';
import { type JsonRecord, memberOf } from './front/call.ts';
import { AwsError } from './front/failure.ts';
import type { Moto } from './moto.ts';
import { Schedules } from './schedules.ts';

interface Place {
	/** 12 digits. */
	readonly account: string;
	readonly moto: Moto;
	readonly execution: ExecutionRoles;
	readonly ecs: () => Ecs;
	readonly log: (line: string) => void;
}

/** Schedules that call the local ECS, as far as their role may. */
export function ecsSchedules({ account, moto, execution, ecs, log }: Place): Schedules {
	return new Schedules({
		log,
		async invoke({ region, target: { roleArn, operation, input } }) {
			const service = `arn:aws:ecs:${region}:${account}:service/${lastPart(memberOf(input, 'Cluster') ?? 'default')}/${lastPart(memberOf(input, 'Service') ?? '')}`;
			await execution.assertAllowed(roleArn, `ecs:${operation}`, service);
			const { status, body } = await ecs().handle(operation, lowerCamelCase(input), { region });
			if (status >= 400) throw refusal(body, status);
		},
		async delete({ region, group, name }) {
			await moto.rest({ service: 'scheduler', region, operation: 'DeleteSchedule' }, 'DELETE', `/schedules/${encodeURIComponent(name)}?groupName=${encodeURIComponent(group)}`);
		},
	});
}

function lowerCamelCase(input: JsonRecord): JsonRecord {
	return Object.fromEntries(Object.entries(input).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]));
}

function refusal(body: JsonRecord, status: number): AwsError {
	return new AwsError(memberOf(body, '__type') ?? 'InternalFailure', memberOf(body, 'message') ?? '', { status });
}

function lastPart(nameOrArn: string): string {
	return nameOrArn.split('/').at(-1) ?? '';
}
