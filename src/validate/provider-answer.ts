import { CheckFailed } from './check.ts';

/** What providers write into their error pages and addresses, and what is wrong then. */
const refusals: readonly { readonly said: RegExp; readonly means: (redirectUri: string) => string; readonly hint: string }[] = [
	{
		said: /redirect_uri_mismatch|invalid_redirect_uri|redirect_uri[^.]{0,80}(match|registered|not associated)/i,
		means: (redirectUri) => `does not know the redirect URI ${redirectUri}`,
		hint: 'register exactly this redirect URI at the provider',
	},
	{
		said: /invalid_client|unauthorized_client|client not found|OAuth client was not found|application_suspended/i,
		means: () => 'does not know the client id',
		hint: 'compare AIRFLOW_DEPLOY_OAUTH_CLIENT_ID with the provider, then airflow-deploy deploy',
	},
	{ said: /invalid_scope|invalid_request|access_denied|server_error/i, means: () => 'refuses the request', hint: 'look at its page: airflow-deploy validate --headed' },
];

/** @throws CheckFailed where the web page itself has refused the login, with its reason (login/templates/airflow_deploy/refused.html) */
export function assertNotRefused(page: string): void {
	const [, code] = /id="refused" data-code="([^"]+)"/.exec(page) ?? [];
	if (code === undefined) return;
	const [, reason = ''] = /id="reason">([\s\S]*?)<\/p>/.exec(page) ?? [];
	throw new CheckFailed(`the web page refuses the login (${code}): ${readable(reason)}`, { hint: hints[code] ?? 'airflow-deploy logs webserver' });
}

const hints: Readonly<Record<string, string>> = {
	'wrong-client': "AIRFLOW_DEPLOY_OAUTH_CLIENT_ID=… AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET='…' airflow-deploy deploy   # as the provider has them",
	'wrong-redirect': 'register exactly this redirect URI at the provider',
	'not-on-list': 'AIRFLOW_DEPLOY_ALLOWED_EMAILS, _ALLOWED_DOMAINS or _ADMIN_EMAILS, then airflow-deploy deploy',
};

/** @throws CheckFailed where the provider's answer is an error, with what it means */
export function assertWelcome({ status, text, redirectUri, url }: { status: number; text: string; redirectUri: string | null; url: string }): void {
	const isError = status >= 400 || /[?&#]error=/.test(text);
	if (!isError) return;
	const known = refusals.find(({ said }) => said.test(text));
	const said = readable(text).slice(0, 200);
	throw new CheckFailed(`the provider at ${new URL(url).host} ${known?.means(redirectUri ?? '') ?? 'answers with an error'} (${status}): ${said}`, { hint: known?.hint ?? 'look at its page: airflow-deploy validate --headed' });
}

function readable(html: string): string {
	return html.replaceAll(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]+>/g, ' ').replaceAll('&#39;', "'").replaceAll('&amp;', '&').replaceAll(/\s+/g, ' ').trim();
}
