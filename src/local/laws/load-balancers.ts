import type { Account, Laws } from '../account.ts';
import type { Action, Listener } from '../balancer/load-balancer.ts';
import { type Call, form, formList } from '../front/call.ts';
import { type Answer, AwsError } from '../front/failure.ts';
import { child, descendants, type Element, items, parseXml, setChild, textOf, writeXml } from '../xml.ts';
import { checkListener, checkName, checkSubnets } from './load-balancer-checks.ts';

/** AWS's interfaces outlive their balancer by minutes, and hold its security group. */
const lingerMilliseconds = 2000;

/** Application load balancers that listen, forward and redirect; what they may be made of, and what holds what. */
export function loadBalancerLaws(account: Account): Laws {
	const { moto, balancers, certificates, interfaces, roles } = account;
	const ask = ({ region }: Call, operation: string, parameters: Record<string, string> = {}): Promise<Element> => moto.query({ service: 'elasticloadbalancing', region, operation }, { Version: '2015-12-01', ...parameters });
	const balancersNow = async (call: Call): Promise<Element[]> => membersOf(await ask(call, 'DescribeLoadBalancers'), 'LoadBalancers');
	const listenersOf = async (call: Call, balancer: string): Promise<Element[]> => membersOf(await ask(call, 'DescribeListeners', { LoadBalancerArn: balancer }), 'Listeners');

	/** As they really are: the name that leads to them. */
	const completed = (_call: Call, answer: Answer): Answer =>
		rewritten(answer, (document) => {
			for (const shown of membersOf(document, 'LoadBalancers')) {
				const name = balancers.dnsNameOf(textOf(shown, 'LoadBalancerArn') ?? '');
				if (name !== undefined) setChild(shown, 'DNSName', name);
			}
		});

	/** An interface in each subnet, with the balancer's groups. */
	async function placeInterfaces(call: Call, arn: string): Promise<void> {
		const shown = (await balancersNow(call)).find((each) => textOf(each, 'LoadBalancerArn') === arn);
		const groups = items(shown, 'SecurityGroups').map(({ text }) => text);
		const subnets = items(shown, 'AvailabilityZones').map((zone) => textOf(zone, 'SubnetId') ?? '');
		const description = descriptionOf(arn);
		const before = await interfaces.find(call.region, { description });
		for (const subnetId of subnets) await interfaces.create({ region: call.region, subnetId, groups, description, publicAddress: balancers.dnsNameOf(arn) });
		await Promise.all(before.map((old) => interfaces.remove(call.region, textOf(old, 'networkInterfaceId') ?? '')));
	}

	async function clearInterfaces(call: Call, arn: string): Promise<void> {
		const left = await interfaces.find(call.region, { description: descriptionOf(arn) });
		setTimeout(() => void Promise.all(left.map((each) => interfaces.remove(call.region, textOf(each, 'networkInterfaceId') ?? ''))).catch(() => {}), lingerMilliseconds).unref();
	}

	async function listen(call: Call, answer: Answer): Promise<Answer> {
		if (answer.status !== 200) return answer;
		for (const shown of membersOf(parseXml(answer.body.toString()), 'Listeners')) {
			const arns = items(shown, 'Certificates').map((certificate) => textOf(certificate, 'CertificateArn') ?? '');
			const identity = arns[0] === undefined ? undefined : await certificates.identityOf(call.region, arns[0]);
			await balancers.listen(textOf(shown, 'LoadBalancerArn') ?? '', { ...listenerOf(shown), identity }, arns);
		}
		return answer;
	}

	/** ELB takes only certificates that are issued; of others it says the same as of wrong ones. */
	async function requireCertificates(call: Call): Promise<void> {
		const given = [...form(call)].filter(([name]) => /^Certificates\.member\.\d+\.CertificateArn$/.test(name)).map(([, arn]) => arn);
		for (const arn of given) {
			const identity = await certificates.identityOf(call.region, arn).catch((error: unknown) => {
				if (error instanceof AwsError && error.code === 'ResourceNotFoundException') throw new AwsError('CertificateNotFound', `Certificate '${arn}' not found`);
				throw error;
			});
			if (!identity) throw new AwsError('UnsupportedCertificate', `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`);
		}
	}

	return {
		CreateLoadBalancer: {
			async before(call) {
				const parameters = form(call);
				checkName(parameters.get('Name') ?? '');
				const subnets = formList(parameters, 'Subnets.member');
				checkSubnets(subnets, items(await moto.query({ service: 'ec2', region: call.region, operation: 'DescribeSubnets' }, {}), 'subnetSet'));
				const taken = (await balancersNow(call)).some((each) => textOf(each, 'LoadBalancerName') === parameters.get('Name'));
				if (taken) throw new AwsError('DuplicateLoadBalancerName', `A load balancer with the same name '${parameters.get('Name')}' exists, but with different settings`);
				await roles.ensure('elasticloadbalancing.amazonaws.com');
			},
			async after(call, answer) {
				const [made] = answer.status === 200 ? membersOf(parseXml(answer.body.toString()), 'LoadBalancers') : [];
				const arn = textOf(made, 'LoadBalancerArn') ?? '';
				if (!arn.includes('/app/')) return answer;
				await balancers.start(arn);
				await placeInterfaces(call, arn);
				return completed(call, answer);
			},
		},
		DescribeLoadBalancers: { after: completed },
		ModifyLoadBalancerAttributes: {
			after(call, answer) {
				const seconds = attributesIn(call)['idle_timeout.timeout_seconds'];
				if (answer.status === 200 && seconds !== undefined) balancers.setIdleSeconds(form(call).get('LoadBalancerArn') ?? '', Number(seconds));
				return answer;
			},
		},
		SetSubnets: { after: async (call, answer) => passed(answer, () => placeInterfaces(call, form(call).get('LoadBalancerArn') ?? '')) },
		SetSecurityGroups: { after: async (call, answer) => passed(answer, () => placeInterfaces(call, form(call).get('LoadBalancerArn') ?? '')) },
		DeleteLoadBalancer: {
			async before(call) {
				const arn = form(call).get('LoadBalancerArn') ?? '';
				if (balancers.dnsNameOf(arn) === undefined) return;
				const attributes = membersOf(await ask(call, 'DescribeLoadBalancerAttributes', { LoadBalancerArn: arn }), 'Attributes');
				const isProtected = attributes.some((each) => textOf(each, 'Key') === 'deletion_protection.enabled' && textOf(each, 'Value') === 'true');
				if (isProtected) throw new AwsError('OperationNotPermitted', `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`);
			},
			async after(call, answer) {
				const arn = form(call).get('LoadBalancerArn') ?? '';
				return passed(answer, async () => {
					await balancers.stop(arn);
					await clearInterfaces(call, arn);
				});
			},
		},
		CreateListener: {
			async before(call) {
				const parameters = form(call);
				checkListener(parameters);
				const arn = parameters.get('LoadBalancerArn') ?? '';
				const taken = (await listenersOf(call, arn)).some((each) => textOf(each, 'Port') === parameters.get('Port'));
				if (taken) throw new AwsError('DuplicateListener', `A listener already exists on this port for this load balancer '${arn}'`);
				await requireCertificates(call);
			},
			after: listen,
		},
		ModifyListener: { before: requireCertificates, after: listen },
		DeleteListener: { after: async (call, answer) => passed(answer, () => balancers.unlisten(form(call).get('ListenerArn') ?? '')) },
		CreateRule: {
			before() {
				throw new AwsError('NotImplemented', 'the local load balancer has default actions only', { status: 501 });
			},
		},
	};
}

/** How ELB describes the interfaces of a balancer. */
function descriptionOf(arn: string): string {
	return `ELB ${arn.split(':loadbalancer/')[1] ?? ''}`;
}

function listenerOf(shown: Element): Omit<Listener, 'identity'> {
	return {
		arn: textOf(shown, 'ListenerArn') ?? '',
		port: Number(textOf(shown, 'Port')),
		protocol: textOf(shown, 'Protocol') === 'HTTPS' ? 'HTTPS' : 'HTTP',
		minVersion: /TLS13-1-3/.test(textOf(shown, 'SslPolicy') ?? '') ? 'TLSv1.3' : 'TLSv1.2',
		action: actionOf(items(shown, 'DefaultActions')[0]),
	};
}

function actionOf(shown: Element | undefined): Action {
	const redirect = child(shown, 'RedirectConfig');
	const fixed = child(shown, 'FixedResponseConfig');
	if (fixed) return { type: 'fixed-response', status: Number(textOf(fixed, 'StatusCode')), contentType: textOf(fixed, 'ContentType') ?? 'text/plain', body: textOf(fixed, 'MessageBody') ?? '' };
	if (!redirect) return { type: 'forward', targetGroup: textOf(shown, 'TargetGroupArn') ?? descendants(shown, 'TargetGroupArn')[0]?.text ?? '' };
	const part = (name: string, otherwise: string): string => textOf(redirect, name) || otherwise;
	const url = { protocol: part('Protocol', '#{protocol}'), host: part('Host', '#{host}'), port: part('Port', '#{port}'), path: part('Path', '/#{path}'), query: part('Query', '#{query}') };
	return { type: 'redirect', url, status: textOf(redirect, 'StatusCode') === 'HTTP_302' ? 302 : 301 };
}

/** The members of `<Action>Result`'s list of this name. */
export function membersOf(document: Element, list: string): Element[] {
	return items(document.children.find(({ name }) => name.endsWith('Result')), list);
}

/** The pairs of an attributes call. */
export function attributesIn(call: Call): Readonly<Record<string, string>> {
	const parameters = form(call);
	const keys = [...parameters].filter(([name]) => /^Attributes\.member\.\d+\.Key$/.test(name));
	return Object.fromEntries(keys.map(([name, key]) => [key, parameters.get(name.replace(/Key$/, 'Value')) ?? '']));
}

export function rewritten(answer: Answer, change: (document: Element) => void): Answer {
	if (answer.status !== 200) return answer;
	const document = parseXml(answer.body.toString());
	change(document);
	return { ...answer, body: Buffer.from(writeXml(document)) };
}

/** What is done once moto has carried a call out. */
export async function passed(answer: Answer, then: () => Promise<void>): Promise<Answer> {
	if (answer.status === 200) await then();
	return answer;
}
