import { type Action, CreateListenerCommand, DeleteListenerCommand, DescribeListenersCommand, ElasticLoadBalancingV2Client, type Listener as Description, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { canonical } from './canonical.ts';
import { balancingGrants, notThere, tagBalancing, tagsOf } from './load-balancing.ts';
import { assertOurs } from './ownership.ts';
import { foreign, ignoring, isOurs, required, tagList } from './support.ts';

type Props = {
	loadBalancerArn: string;
	port: number;
	/** HTTPS that leads to the target group, or plain HTTP that leads to HTTPS. */
	serves: { certificateArn: string; targetGroupArn: string } | 'redirect to HTTPS';
};
/** `rules`: protocol, policy, certificate and action. */
type Outputs = { arn: string; loadBalancerArn: string; port: number; rules: string };

/** TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (Elastic Load Balancing, "Security policies"). */
const policy = 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06';

export const Listener = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ElasticLoadBalancingV2::Listener',
	immutable: ['loadBalancerArn', 'port'],
	replacement: 'delete-first',
	permissions: [
		...balancingGrants({ on: 'listener/app/*', create: 'CreateListener', describe: ['DescribeListeners'], modify: ['ModifyListener'], remove: 'DeleteListener' }),
		// Creating one is checked on the balancer as well.
		{ actions: ['elasticloadbalancing:CreateListener'], on: ['arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/*'], for: 'up' },
	],

	id: ({ arn }) => arn,
	arn: ({ arn }) => arn,

	async find(ctx, { loadBalancerArn, port }) {
		const listener = await describe(ctx, loadBalancerArn, port);
		if (!listener || ctx.superseded.has(required(listener.ListenerArn))) return undefined;
		if (!isOurs(ctx, await tagsOf(ctx, required(listener.ListenerArn)))) throw foreign('a listener on port', String(port));
		return outputsOf(listener);
	},

	async create(ctx, { loadBalancerArn, port, serves }) {
		const create = new CreateListenerCommand({ LoadBalancerArn: loadBalancerArn, Port: port, ...rulesOf(serves), Tags: tagList(ctx.tags) });
		const { Listeners } = await ctx.aws.client(ElasticLoadBalancingV2Client).send(create);
		return outputsOf(required(Listeners?.[0]));
	},

	matches: ({ serves }, { rules }) => rulesText(rulesOf(serves)) === rules,

	async update(ctx, { serves }, { arn }) {
		const { Listeners } = await ctx.aws.client(ElasticLoadBalancingV2Client).send(new ModifyListenerCommand({ ListenerArn: arn, ...rulesOf(serves) }));
		return outputsOf(required(Listeners?.[0]));
	},

	tag: tagBalancing,

	async remove(ctx, { arn, loadBalancerArn, port }) {
		if ((await describe(ctx, loadBalancerArn, port))?.ListenerArn !== arn) return;
		assertOurs(ctx, `the listener on port ${port}`, await tagsOf(ctx, arn));
		await ignoring(notThere, ctx.aws.client(ElasticLoadBalancingV2Client).send(new DeleteListenerCommand({ ListenerArn: arn })));
	},

	exists: async (ctx, { arn, loadBalancerArn, port }) => (await describe(ctx, loadBalancerArn, port))?.ListenerArn === arn,
});

interface Rules {
	Protocol?: Description['Protocol'];
	SslPolicy?: string | undefined;
	Certificates?: { CertificateArn?: string | undefined }[] | undefined;
	DefaultActions?: Action[] | undefined;
}

function rulesOf(serves: Props['serves']) {
	if (serves === 'redirect to HTTPS') return { Protocol: 'HTTP' as const, DefaultActions: [{ Type: 'redirect' as const, RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' as const } }] };
	const { certificateArn, targetGroupArn } = serves;
	return { Protocol: 'HTTPS' as const, SslPolicy: policy, Certificates: [{ CertificateArn: certificateArn }], DefaultActions: [{ Type: 'forward' as const, TargetGroupArn: targetGroupArn }] };
}

/** The same text for what was asked and for what AWS shows, with defaults filled in. */
function rulesText({ Protocol, SslPolicy, Certificates, DefaultActions }: Rules): string {
	const [action] = DefaultActions ?? [];
	const { Protocol: to, Port, StatusCode } = action?.RedirectConfig ?? {};
	const tls = Protocol === 'HTTPS' ? { policy: SslPolicy, certificate: Certificates?.[0]?.CertificateArn } : {};
	return canonical({ Protocol, ...tls, type: action?.Type, group: action?.TargetGroupArn, redirect: [to, Port, StatusCode] });
}

async function describe({ aws }: Context<Aws>, LoadBalancerArn: string, port: number): Promise<Description | undefined> {
	const answer = await ignoring(notThere, aws.client(ElasticLoadBalancingV2Client).send(new DescribeListenersCommand({ LoadBalancerArn })));
	return answer?.Listeners?.find(({ Port }) => Port === port);
}

function outputsOf(listener: Description): Outputs {
	return { arn: required(listener.ListenerArn), loadBalancerArn: required(listener.LoadBalancerArn), port: required(listener.Port), rules: rulesText(listener) };
}
