import { CreateInternetGatewayCommand, CreateSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2';
import { type EvaluationResult, GetRoleCommand, IAMClient, SimulatePrincipalPolicyCommand, type SimulatePrincipalPolicyCommandInput } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import pLimit from 'p-limit';
import type { Grant } from '../engine/resource.ts';
import { kinds } from '../resources/registry.ts';
import { type AccountPatient, type Check, failed, type Finding, notChecked, ok, type Who } from './check.ts';

/** Whether we may do what `up` and `teardown` do, asked without doing it. */
export const permissionChecks: readonly Check<AccountPatient>[] = [
	{ name: 'permissions', run: permissions },
	{ name: 'dry-run', run: dryRun },
];

async function permissions({ aws, config }: AccountPatient): Promise<Finding> {
	const principal = await principalOf(aws);
	if (principal === undefined) return ok('the account itself: it may do everything that the organisation allows');
	const { partition, account, region } = aws;
	const questions = questionsOf([...kinds.values()].flatMap((kind) => kind.permissions), { partition, account, region, project: config.project, 'role-path': config.rolePath });
	const slots = pLimit(4);
	const iam = aws.client(IAMClient);
	const answers = await Promise.all(questions.map((question) => slots(() => iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: principal, MaxItems: 1000, ...question })))));
	return permissionsFinding(answers.flatMap(({ EvaluationResults = [] }) => EvaluationResults));
}

type Question = Required<Pick<SimulatePrincipalPolicyCommandInput, 'ActionNames' | 'ResourceArns' | 'ContextEntries'>>;

/** Grants as questions: those on the same object, under the same condition, in one. */
export function questionsOf(grants: readonly Grant[], places: Readonly<Record<string, string>>): Question[] {
	const fill = (text: string): string => text.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) => places[name] ?? whole);
	const questions = new Map<string, { actions: Set<string>; arn: string; condition: Grant['condition'] }>();
	for (const { actions, on, condition } of grants) {
		const arn = fill(on[0] ?? '*');
		const key = JSON.stringify([arn, condition ?? null]);
		const question = questions.get(key) ?? { actions: new Set(), arn, condition };
		for (const action of actions) if (!action.includes('*')) question.actions.add(action);
		questions.set(key, question);
	}
	return [...questions.values()].map(({ actions, arn, condition }) => ({ ActionNames: [...actions], ResourceArns: [arn], ContextEntries: contextOf(condition, fill) }));
}

/** The condition as if it were met: what is asked is whether the action is allowed then. */
function contextOf(condition: Grant['condition'], fill: (text: string) => string): Question['ContextEntries'] {
	const met = Object.values(condition ?? {}).flatMap((tests) => Object.entries(tests));
	return met.map(([ContextKeyName, values]) => ({ ContextKeyName, ContextKeyType: 'string', ContextKeyValues: [values].flat().slice(0, 1).map(fill) }));
}

/** The first kind of denial speaks: who can lift it differs. */
export function permissionsFinding(results: readonly EvaluationResult[]): Finding {
	if (results.length === 0) return notChecked('IAM simulated nothing');
	for (const { denies, why, who } of denials) {
		const denied = [...new Set(results.filter(denies).map(({ EvalActionName = '' }) => EvalActionName))];
		if (denied.length > 0) return failed(`${why}: ${named(denied)}`, 'have them allowed; airflow-deploy policy prints all that is needed', who);
	}
	return ok(`all ${new Set(results.map(({ EvalActionName }) => EvalActionName)).size} actions of up and teardown are allowed`);
}

const denials: readonly { denies: (result: EvaluationResult) => boolean; why: string; who: Who }[] = [
	{ denies: ({ OrganizationsDecisionDetail: detail }) => detail?.AllowedByOrganizations === false, why: 'a policy of the organisation forbids', who: 'an administrator of the organisation' },
	{ denies: ({ PermissionsBoundaryDecisionDetail: detail }) => detail?.AllowedByPermissionsBoundary === false, why: 'your permissions boundary leaves out', who: 'an account administrator' },
	{ denies: ({ EvalDecision }) => EvalDecision === 'explicitDeny', why: 'a policy of yours forbids', who: 'an account administrator' },
	{ denies: ({ EvalDecision }) => EvalDecision !== 'allowed', why: 'no policy of yours allows', who: 'an account administrator' },
];

function named(actions: readonly string[]): string {
	return `${actions.slice(0, 6).join(', ')}${actions.length > 6 ? ` and ${actions.length - 6} more` : ''}`;
}

/**
 * What IAM simulates: a user, or the role behind a session, whose path the session's ARN drops.
 * @returns undefined for the root user, whom no policy of the account binds
 */
async function principalOf(aws: AccountPatient['aws']): Promise<string | undefined> {
	const { Arn = '' } = await aws.client(STSClient).send(new GetCallerIdentityCommand({}));
	if (Arn.endsWith(':root')) return undefined;
	const role = /:assumed-role\/([^/]+)\//.exec(Arn)?.[1];
	if (role === undefined) return Arn;
	const { Role } = await aws.client(IAMClient).send(new GetRoleCommand({ RoleName: role }));
	return Role?.Arn ?? Arn;
}

/** EC2 alone tells for a whole request whether it would be allowed, conditions of tags and regions included. */
async function dryRun({ aws }: AccountPatient): Promise<Finding> {
	const ec2 = aws.client(EC2Client);
	const asked = {
		CreateInternetGateway: ec2.send(new CreateInternetGatewayCommand({ DryRun: true })),
		CreateSecurityGroup: ec2.send(new CreateSecurityGroupCommand({ DryRun: true, GroupName: 'airflow-deploy-doctor', Description: 'dry run' })),
	};
	const answers = await Promise.all(Object.entries(asked).map(async ([name, call]) => ({ name, error: await call.then(() => undefined, (error: unknown) => error) })));
	const refused = answers.find(({ error }) => error !== undefined && (error as Error).name !== 'DryRunOperation');
	if (refused?.error !== undefined) throw refused.error;
	return ok(`EC2 allows ${answers.map(({ name }) => name).join(', ')}`);
}
