import { type Account, everyOperation, type Laws } from '../account.ts';
import { form, formList } from '../front/call.ts';
import { AwsError, queryAnswer } from '../front/failure.ts';
import { child, type Element, parseXml, textOf, type XmlValue } from '../xml.ts';

const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** IAM and STS quotas: all inline policies of a role together, white space not counted. */
const inlinePolicyCharacters = 10_240;

export function iamLaws({ roles, lag, callers, access }: Account): Laws {
	/** Role names are unique without regard to case. */
	const taken = new Set<string>();
	const inline = new Map<string, Map<string, number>>();

	return {
		[everyOperation]: {
			after(call, answer) {
				if (!/^(?:Get|List|Simulate)/.test(call.operation)) callers.forgetPolicies();
				return answer;
			},
		},
		CreateAccessKey: {
			after(_call, answer) {
				const made = child(parseXml(answer.body.toString()), 'CreateAccessKeyResult', 'AccessKey');
				const [key, name] = [textOf(made, 'AccessKeyId'), textOf(made, 'UserName') ?? ''];
				if (answer.status === 200 && key !== undefined) callers.learnKey(key, callers.user(name));
				return answer;
			},
		},
		CreateRole: {
			before(call) {
				const name = form(call).get('RoleName') ?? '';
				if (taken.has(name.toLowerCase())) throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, { status: 409 });
			},
			after(call, answer) {
				const name = form(call).get('RoleName') ?? '';
				if (answer.status === 200) {
					taken.add(name.toLowerCase());
					lag.note(name);
					callers.learnRole(textOf(parseXml(answer.body.toString()), 'CreateRoleResult', 'Role', 'Arn') ?? '');
				}
				return answer;
			},
		},
		DeleteRole: {
			before(call) {
				const name = form(call).get('RoleName') ?? '';
				if (roles.isOne(name)) throw new AwsError('UnmodifiableEntity', `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`);
			},
			after(call, answer) {
				const name = form(call).get('RoleName') ?? '';
				if (answer.status === 200) taken.delete(name.toLowerCase());
				return answer;
			},
		},
		PutRolePolicy: {
			before(call) {
				const parameters = form(call);
				const role = parameters.get('RoleName') ?? '';
				const sizes = new Map(inline.get(role));
				sizes.set(parameters.get('PolicyName') ?? '', (parameters.get('PolicyDocument') ?? '').replace(/\s/g, '').length);
				const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
				if (total > inlinePolicyCharacters) throw new AwsError('LimitExceeded', `Maximum policy size of ${inlinePolicyCharacters} bytes exceeded for role ${role}`, { status: 409 });
				inline.set(role, sizes);
			},
		},
		DeleteRolePolicy: {
			after(call, answer) {
				const parameters = form(call);
				if (answer.status === 200) inline.get(parameters.get('RoleName') ?? '')?.delete(parameters.get('PolicyName') ?? '');
				return answer;
			},
		},
		CreateServiceLinkedRole: {
			async before(call) {
				const service = form(call).get('AWSServiceName') ?? '';
				if (!roles.knows(service)) return undefined;
				const role = await roles.create(service, form(call).get('Description') ?? '');
				return queryAnswer('query', 'CreateServiceLinkedRole', namespace, { Role: role ? valueOf(role) : undefined });
			},
		},
		DeleteServiceLinkedRole: {
			after(call, answer) {
				if (answer.status === 200) roles.forget(form(call).get('RoleName') ?? '');
				return answer;
			},
		},
		SimulatePrincipalPolicy: {
			async before(call) {
				const parameters = form(call);
				const actions = formList(parameters, 'ActionNames');
				const resources = formList(parameters, 'ResourceArns');
				const asked = actions.flatMap((action) => (resources.length > 0 ? resources : ['*']).map((resource) => ({ action, resource })));
				const member = await Promise.all(asked.map(async (one) => simulated(one, (await access?.simulate(parameters.get('PolicySourceArn') ?? '', one)) ?? 'allowed')));
				return queryAnswer('query', 'SimulatePrincipalPolicy', namespace, { IsTruncated: false, EvaluationResults: { member } });
			},
		},
	};
}

function simulated({ action, resource }: { action: string; resource: string }, EvalDecision: string): XmlValue {
	return { EvalActionName: action, EvalResourceName: resource, EvalDecision, MatchedStatements: '', MissingContextValues: '' };
}

function valueOf({ children, text }: Element): XmlValue {
	return children.length > 0 ? Object.fromEntries(children.map((member) => [member.name, valueOf(member)])) : text;
}
