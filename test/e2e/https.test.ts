import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { ACMClient, GetCertificateCommand, ListCertificatesCommand } from '@aws-sdk/client-acm';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, ListResourceRecordSetsCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { CredentialsDocument, PlanDocument, StatusDocument, TeardownDocument, UpDocument, ValidateDocument } from '../../src/environment/documents.ts';
import type { PageRoute } from '../../src/environment/page-route.ts';
import { launchBrowser } from '../../src/validate/browser.ts';
import { browserPage } from '../../src/validate/browser-page.ts';
import { httpPage } from '../../src/validate/http-page.ts';
import { type HttpRequest, requestsBy } from '../../src/validate/http-request.ts';
import { client as oauthClient, startIssuer } from './oidc-issuer.ts';
import { type Workspace, workspace } from './workspace.ts';

const domain = 'airflow.example.com';

/** One environment under a name, from its first `up` to its `teardown`. */
describe('HTTPS on the local target', () => {
	let here: Workspace;
	let env: Record<string, string>;
	let exports: Record<string, string>;
	let zone: string;
	let client: <C>(type: new (config: never) => C) => C;
	let route: PageRoute;
	let request: HttpRequest;

	beforeAll(async () => {
		here = await workspace();
		await here.succeeds(['local', 'start']);
		({ document: exports } = await here.json<Record<string, string>>(['local', 'env']));
		const connection = settings({ region: 'us-east-1', endpoint: exports['AWS_ENDPOINT_URL'] ?? '', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } });
		client = (type) => new type(connection as never);
		const { HostedZone } = await client(Route53Client).send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: 'test' }));
		zone = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
		env = { AIRFLOW_DEPLOY_DOMAIN: domain, AIRFLOW_DEPLOY_HOSTED_ZONE_ID: zone };
	});
	afterAll(() => here.dispose());

	const records = async (): Promise<ResourceRecordSet[]> => {
		const { ResourceRecordSets = [] } = await client(Route53Client).send(new ListResourceRecordSetsCommand({ HostedZoneId: zone }));
		return ResourceRecordSets.filter(({ Type = 'NS' }) => !['NS', 'SOA'].includes(Type));
	};
	const change = (Action: 'CREATE' | 'DELETE', ResourceRecordSet: ResourceRecordSet) => client(Route53Client).send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: [{ Action, ResourceRecordSet }] } }));

	test('a record that somebody else made is left alone, and nothing is made', async () => {
		const foreign: ResourceRecordSet = { Name: `${domain}.`, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: 'elsewhere.example.net' }] };
		await change('CREATE', foreign);
		const { exit, stderr } = await here.run(['up', '--local', '--yes'], { env });
		expect(exit).toBe(1);
		expect(stderr).toContain(`${domain} has a record already (CNAME elsewhere.example.net), which this environment did not make: it is left as it is`);
		expect(await records()).toMatchObject([foreign]);
		expect((await client(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancersCommand({}))).LoadBalancers).toEqual([]);
		await change('DELETE', foreign);
	});

	test('up ends with a page under its name; plan said what the load balancer costs', async () => {
		const plan = await here.json<PlanDocument>(['plan', '--local'], { env });
		expect(plan.document.cost.lines.find(({ key }) => key === 'load-balancer')?.perHour).toBeGreaterThan(0.02);
		expect(plan.document.changes.map(({ key }) => key)).toEqual(expect.arrayContaining(['load-balancer', 'target-group', 'listener-https', 'listener-http', 'certificate', 'certificate-record', 'certificate-issued', 'record']));
		const { exit, document } = await here.json<UpDocument>(['up', '--local'], { env });
		expect(exit).toBe(0);
		expect(document).toMatchObject({ phase: 'up', webserver: { url: `https://${domain}`, healthy: true } });
		process.stdout.write(`up with HTTPS: ${document.wallSeconds} s\n`);
		expect(document.wallSeconds).toBeLessThanOrEqual(75);
		expect((await here.json<PlanDocument>(['plan', '--local'], { env })).document.changes).toEqual([]);
		route = await routeOf();
		request = requestsBy(route);
	});

	/** What a resolver and a trust store would know, from AWS's own answers. */
	async function routeOf(): Promise<PageRoute> {
		const alias = (await records()).find(({ Type }) => Type === 'A')?.AliasTarget?.DNSName ?? '';
		const [{ CertificateArn } = {}] = (await client(ACMClient).send(new ListCertificatesCommand({}))).CertificateSummaryList ?? [];
		const { CertificateChain = '' } = await client(ACMClient).send(new GetCertificateCommand({ CertificateArn }));
		const [address = '', port = '443'] = alias.replace(/\.$/, '').split(':');
		return { name: domain, address, port: Number(port), authority: CertificateChain };
	}

	test('plain HTTP leads to HTTPS, and the certificate is of the authority and of the name', async () => {
		const asked = httpRequest({ host: route.address, port: route.port === 443 ? 80 : 8080, path: '/home?a=b', agent: false, headers: { host: domain } }).end();
		const [answer] = (await once(asked, 'response')) as [IncomingMessage];
		answer.resume();
		expect([answer.statusCode, answer.headers.location]).toEqual([301, `https://${domain}:443/home?a=b`]);
		expect((await request(`https://${domain}/health`)).status).toBe(200);
		await expect(requestsBy({ ...route, name: 'other.example.com' })('https://other.example.com/health')).rejects.toThrow(/does not match certificate/);
	});

	test('only the load balancer is let in to the web page', async () => {
		const { SecurityGroups = [] } = await client(EC2Client).send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'tag:airflow-deploy:environment', Values: ['main'] }] }));
		const named = (role: string) => SecurityGroups.find(({ GroupName }) => GroupName === `airflow-main-${role}`);
		expect(named('web')?.IpPermissions).toMatchObject([{ FromPort: 8080, ToPort: 8080, IpRanges: [], UserIdGroupPairs: [{ GroupId: named('balancer')?.GroupId }] }]);
		expect(named('balancer')?.IpPermissions?.map(({ FromPort }) => FromPort).toSorted()).toEqual([443, 80]);
	});

	test('a browser that trusts the authority logs in over HTTPS, with cookies for HTTPS only; so does validate without one', async () => {
		const launched = await launchBrowser({ env: process.env, headed: false, route, say: (why) => { throw new Error(why); } });
		if (launched === undefined) throw new Error('no browser');
		const page = await browserPage(launched, `https://${domain}`, request);
		const { username, password } = (await here.json<CredentialsDocument>(['credentials', '--local'])).document;
		await page.login(username, password);
		await httpPage(`https://${domain}`, request).login(username, password);
		expect((await page.visit('/hello')).text).toContain('Hello, world');
		const cookies = await launched.browser.contexts()[0]?.cookies();
		expect(cookies?.find(({ name }) => name === 'session')).toMatchObject({ domain, secure: true, httpOnly: true, sameSite: 'Lax' });
		await page.close();

		// One that does not trust it shows no page.
		const other = await launchBrowser({ env: process.env, headed: false, route: { ...route, authority: (await import('../../src/local/runtime/certificate.ts')).newAuthority('another').certificate }, say: () => {} });
		const tab = await other?.browser.newPage();
		await expect(tab?.goto(`https://${domain}/`)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
		await other?.browser.close();
	});

	test('validate proves it over HTTPS', async () => {
		const { exit, document } = await here.json<ValidateDocument>(['validate', '--local', '--dag', 'tutorial_taskflow_api']);
		expect(document.checks.filter(({ ok }) => !ok)).toEqual([]);
		expect(document).toMatchObject({ ok: true, mode: 'browser' });
		expect(document.checks.find(({ name }) => name === 'web-page')?.detail).toContain(`https://${domain}`);
		expect(exit).toBe(0);
	});

	test('a release answers every request: the old webserver ends when it has answered its last', async () => {
		await appendFile(here.path('airflow/plugins/hello.py'), '\n# changed\n');
		const ended = new AbortController();
		const release = here.json<UpDocument>(['deploy', '--local'], { env }).finally(() => ended.abort());
		const answers = new Map<number, number>();
		while (!ended.signal.aborted) {
			const { status } = await request(`https://${domain}/health`);
			answers.set(status, (answers.get(status) ?? 0) + 1);
		}
		const { exit, document } = await release;
		expect(exit).toBe(0);
		expect(document.steps.find(({ key }) => key === 'service-webserver')?.action).toBe('update');
		expect([...answers.keys()]).toEqual([200]);
		expect(answers.get(200)).toBeGreaterThan(20);
	});

	test('people log in through a provider, which sends them back over HTTPS to the same name', async () => {
		const issuer = await startIssuer();
		onTestFinished(() => issuer.close());
		const redirectUri = `https://${domain}/oauth-authorized/oidc`;
		issuer.redirectUris.add(redirectUri);
		const provider = { AIRFLOW_DEPLOY_AUTH: 'oidc', AIRFLOW_DEPLOY_OAUTH_ISSUER: issuer.url, AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: oauthClient.id, AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: oauthClient.secret, AIRFLOW_DEPLOY_ADMIN_EMAILS: 'boss@example.com' };
		const { document } = await here.json<UpDocument>(['deploy', '--local'], { env: { ...env, ...provider } });
		expect(document.login).toEqual({ auth: 'oidc', redirectUri });

		const launched = await launchBrowser({ env: process.env, headed: false, route, say: (why) => { throw new Error(why); } });
		if (launched === undefined) throw new Error('no browser');
		const page = await browserPage(launched, `https://${domain}`, request);
		await page.toProvider(document.login);
		await page.person?.isBelieved('boss@example.com');
		expect((await page.visit('/hello')).text).toContain('Hello, world');
		const cookies = await launched.browser.contexts()[0]?.cookies();
		expect(cookies?.find(({ name, domain: of }) => name === 'session' && of === domain)).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax' });
		await page.close();
	});

	test('teardown takes the records, the certificate and the load balancer away, and leaves nothing', async () => {
		// Through its URL, so that the endpoint stays and can be asked.
		const { exit, document } = await here.json<TeardownDocument>(['teardown'], { env: exports });
		expect(document.left).toEqual([]);
		expect(document.deleted.map(({ key }) => key)).toEqual(expect.arrayContaining(['record', 'certificate-record', 'certificate', 'listener-https', 'listener-http', 'load-balancer', 'target-group', 'security-group-balancer']));
		expect(exit).toBe(0);
		expect(await records()).toEqual([]);
		expect((await client(ACMClient).send(new ListCertificatesCommand({}))).CertificateSummaryList).toEqual([]);
		expect((await client(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancersCommand({}))).LoadBalancers).toEqual([]);
		expect((await here.json<StatusDocument>(['status'], { env: exports })).document.phase).toBe('absent');
	});
});
