import type { Account, Laws } from '../account.ts';
import { type Call, json, type JsonRecord, memberOf } from '../front/call.ts';
import { type Answer, AwsError, jsonAnswer } from '../front/failure.ts';
import type { OneTime, Target } from '../schedules.ts';

const universal = /^arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9]+):([a-z][A-Za-z0-9]*)$/;
/** Members of ECS's UpdateService in upper camel case; an unknown one would be sent and have no effect. */
const updateService = new Set(['Service', 'Cluster', 'DesiredCount', 'TaskDefinition', 'ForceNewDeployment']);

/** One-time schedules run for real; what moto does not check is checked here. */
export function schedulerLaws({ moto, schedules, execution }: Account): Laws {
	const question = (call: Call, operation: string) => ({ service: 'scheduler', region: call.region, operation });
	const target = (call: Call): string => `/schedules/${encodeURIComponent(nameOf(call))}`;

	return {
		CreateSchedule: {
			async before(call) {
				await execution.assertTrusted(checked(call).target.roleArn, call.region);
			},
			after(call, answer) {
				if (answer.status < 300) schedules.set(checked(call));
				return conflicting(answer);
			},
		},
		UpdateSchedule: {
			async before(call) {
				const schedule = checked(call);
				await moto.rest(question(call, 'GetSchedule'), 'GET', target(call));
				await execution.assertTrusted(schedule.target.roleArn, call.region);
				// moto keeps the old ActionAfterCompletion: made anew, it has all that was asked for.
				await moto.rest(question(call, 'DeleteSchedule'), 'DELETE', target(call));
				const made = await moto.rest(question(call, 'CreateSchedule'), 'POST', target(call), json(call));
				schedules.set(schedule);
				return jsonAnswer(200, made);
			},
		},
		DeleteSchedule: {
			after(call, answer) {
				if (answer.status < 300) schedules.forget({ region: call.region, group: call.url.searchParams.get('groupName') ?? 'default', name: nameOf(call) });
				return answer;
			},
		},
	};
}

/** moto answers a conflict with 400, AWS with 409. */
function conflicting(answer: Answer): Answer {
	return answer.status === 400 && answer.body.includes('already exists') ? { ...answer, status: 409 } : answer;
}

function nameOf({ url }: Call): string {
	return decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
}

/** @throws AwsError as AWS refuses it, or NotImplemented for what never runs here */
function checked(call: Call): OneTime {
	const body = json(call);
	const expression = memberOf(body, 'ScheduleExpression') ?? '';
	const at = timeOf(expression);
	if (at === undefined) throw notHere(`schedules other than at(...), as ${expression}`);
	if ((memberOf(body, 'ScheduleExpressionTimezone') ?? 'UTC') !== 'UTC') throw notHere('schedules in another time zone than UTC');
	if (at <= Date.now()) throw invalid(`Invalid Schedule Expression ${expression}. The time must be in the future.`);
	const window = recordIn(body, 'FlexibleTimeWindow');
	if (memberOf(window, 'Mode') === 'FLEXIBLE' && window['MaximumWindowInMinutes'] === undefined) throw invalid('MaximumWindowInMinutes must be provided when FlexibleTimeWindow.Mode is FLEXIBLE.');
	if (memberOf(window, 'Mode') === 'OFF' && window['MaximumWindowInMinutes'] !== undefined) throw invalid('MaximumWindowInMinutes must not be provided when FlexibleTimeWindow.Mode is OFF.');
	return { region: call.region, group: memberOf(body, 'GroupName') ?? 'default', name: nameOf(call), at: memberOf(body, 'State') === 'DISABLED' ? Number.POSITIVE_INFINITY : at, target: targetOf(recordIn(body, 'Target')), deletes: memberOf(body, 'ActionAfterCompletion') === 'DELETE' };
}

/** Milliseconds of an `at` expression; undefined for a recurring one. @throws AwsError for what is none of them */
function timeOf(expression: string): number | undefined {
	const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression) ?? [];
	const at = Date.parse(`${time}Z`);
	if (time !== undefined && new Date(at).toISOString().startsWith(time)) return at;
	if (/^rate\([1-9]\d* (?:minute|hour|day)s?\)$/.test(expression) || /^cron\((?:\S+ ){5}\S+\)$/.test(expression)) return undefined;
	throw invalid(`Invalid Schedule Expression ${expression}.`);
}

function targetOf(target: JsonRecord): Target {
	const arn = memberOf(target, 'Arn') ?? '';
	const [, service, operation = ''] = universal.exec(arn) ?? [];
	if (service !== 'ecs' || operation !== 'updateService') throw notHere(`schedules with another target than aws-sdk:ecs:updateService, as ${arn}`);
	const policy = recordIn(target, 'RetryPolicy');
	return {
		roleArn: memberOf(target, 'RoleArn') ?? '',
		operation: 'UpdateService',
		input: inputOf(memberOf(target, 'Input') ?? '{}'),
		maximumAgeSeconds: Number(policy['MaximumEventAgeInSeconds'] ?? 86_400),
		maximumRetries: Number(policy['MaximumRetryAttempts'] ?? 185),
	};
}

function inputOf(text: string): JsonRecord {
	let input: unknown;
	try {
		input = JSON.parse(text);
	} catch {
		throw invalid('Invalid RequestJson provided. Reason Malformed JSON.');
	}
	const record = typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as JsonRecord) : {};
	if (memberOf(record, 'Service') === undefined) throw invalid('Invalid RequestJson provided. Reason Request payload is missing the following field(s): Service.');
	const strange = Object.keys(record).filter((name) => !updateService.has(name));
	if (strange.length > 0) throw invalid(`Invalid RequestJson provided. Reason Request payload has unknown field(s): ${strange.join(', ')}.`);
	return record;
}

function recordIn(record: JsonRecord, name: string): JsonRecord {
	const value = record[name];
	return typeof value === 'object' && value !== null ? (value as JsonRecord) : {};
}

function invalid(message: string): AwsError {
	return new AwsError('ValidationException', message);
}

function notHere(what: string): AwsError {
	return new AwsError('NotImplemented', `the local endpoint does not run ${what}`, { status: 501 });
}
