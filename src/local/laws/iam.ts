import type { Account, Laws } from '../account.ts';
import { form } from '../front/call.ts';
import { AwsError, queryAnswer } from '../front/failure.ts';
import type { Element, XmlValue } from '../xml.ts';

const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** IAM and STS quotas: all inline policies of a role together, white space not counted. */
const inlinePolicyCharacters = 10_240;

export function iamLaws({ roles, lag }: Account): Laws {
	/** Role names are unique without regard to case. */
	const taken = new Set<string>();
	const inline = new Map<string, Map<string, number>>();

	return {
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
		// Policies are not evaluated: everything is allowed.
		SimulatePrincipalPolicy: {
			before(call) {
				const actions = [...form(call)].filter(([name]) => name.startsWith('ActionNames.member.')).map(([, action]) => action);
				const member = actions.map((action) => ({ EvalActionName: action, EvalResourceName: '*', EvalDecision: 'allowed', MatchedStatements: '', MissingContextValues: '' }));
				return queryAnswer('query', 'SimulatePrincipalPolicy', namespace, { IsTruncated: false, EvaluationResults: { member } });
			},
		},
	};
}

function valueOf({ children, text }: Element): XmlValue {
	return children.length > 0 ? Object.fromEntries(children.map((member) => [member.name, valueOf(member)])) : text;
}
