import type { Account, Laws } from '../account.ts';
import type { TargetGroupRecord } from '../balancer/balancers.ts';
import type { Target, TargetHealth } from '../balancer/target-group.ts';
import { type Call, form } from '../front/call.ts';
import { type Answer, queryAnswer } from '../front/failure.ts';
import { type Element, setChild, textOf } from '../xml.ts';
import { attributesIn, membersOf, passed, rewritten } from './load-balancers.ts';

const namespace = 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/';

/** Target groups whose targets are really checked, and drained before they go. */
export function targetGroupLaws({ balancers }: Account): Laws {
	const groupIn = (call: Call): string => form(call).get('TargetGroupArn') ?? '';

	/** moto forgets which balancers lead to a group once they are deleted. */
	const completed = (call: Call, answer: Answer): Answer =>
		rewritten(answer, (document) => {
			for (const shown of membersOf(document, 'TargetGroups')) {
				const arn = textOf(shown, 'TargetGroupArn') ?? '';
				if (call.operation !== 'DescribeTargetGroups') balancers.setGroup(arn, recordOf(call, shown, balancers.groupOf(arn)));
				setChild(shown, 'LoadBalancerArns', { member: balancers.leadingTo(arn) });
			}
		});
	const targetsIn = (call: Call): Target[] => {
		const parameters = form(call);
		const ids = [...parameters].filter(([name]) => /^Targets\.member\.\d+\.Id$/.test(name));
		return ids.map(([name, id]) => ({ id, port: Number(parameters.get(name.replace(/Id$/, 'Port')) ?? balancers.groupOf(groupIn(call))?.port) }));
	};

	return {
		CreateTargetGroup: { after: completed },
		ModifyTargetGroup: { after: completed },
		DescribeTargetGroups: { after: completed },
		ModifyTargetGroupAttributes: {
			after(call, answer) {
				const record = balancers.groupOf(groupIn(call));
				const seconds = attributesIn(call)['deregistration_delay.timeout_seconds'];
				if (answer.status === 200 && record && seconds !== undefined) balancers.setGroup(groupIn(call), { ...record, deregistrationSeconds: Number(seconds) });
				return answer;
			},
		},
		DeleteTargetGroup: { after: async (call, answer) => passed(answer, async () => balancers.removeGroup(groupIn(call))) },
		RegisterTargets: { after: async (call, answer) => passed(answer, async () => balancers.register(groupIn(call), targetsIn(call))) },
		DeregisterTargets: { after: async (call, answer) => passed(answer, async () => void balancers.deregister(groupIn(call), targetsIn(call))) },
		DescribeTargetHealth: {
			after(call, answer) {
				if (answer.status !== 200) return answer;
				const shown = balancers.health(groupIn(call), targetsIn(call)).map((health) => descriptionOf(health));
				return queryAnswer('query', call.operation, namespace, { TargetHealthDescriptions: { member: shown } });
			},
		},
	};
}

function descriptionOf({ target, state, reason }: TargetHealth) {
	return { Target: { Id: target.id, Port: target.port }, HealthCheckPort: String(target.port), TargetHealth: { State: state, ...(reason ? { Reason: reason.code, Description: reason.text } : {}) } };
}

function recordOf({ region }: Call, shown: Element, present: TargetGroupRecord | undefined): TargetGroupRecord {
	const number = (name: string): number => Number(textOf(shown, name));
	const port = textOf(shown, 'HealthCheckPort') ?? 'traffic-port';
	return {
		region,
		vpcId: textOf(shown, 'VpcId') ?? '',
		port: number('Port'),
		deregistrationSeconds: present?.deregistrationSeconds ?? 300,
		check: {
			path: textOf(shown, 'HealthCheckPath') ?? '/',
			port: port === 'traffic-port' ? undefined : Number(port),
			matcher: textOf(shown, 'Matcher', 'HttpCode') ?? '200',
			intervalSeconds: number('HealthCheckIntervalSeconds'),
			timeoutSeconds: number('HealthCheckTimeoutSeconds'),
			healthyThreshold: number('HealthyThresholdCount'),
			unhealthyThreshold: number('UnhealthyThresholdCount'),
		},
	};
}
