import { isLoopback } from '../../aws/loopback.ts';
import type { LoginOptions } from '../../stacks/login.ts';
import { type Check, CheckFailed, type Finding } from '../check.ts';
import { pageOf } from '../page-of.ts';
import type { Session } from '../session.ts';

/** How long a person may take at the provider's page, seconds. */
const patience = 300;

export const login: Check = {
	name: 'login',
	proves: "the environment's user name and password log in, or people do through its provider",
	needs: ['web-page'],
	run: (session) => (session.deployed.login.auth === 'db' ? withPassword(session) : throughProvider(session)),
};

async function withPassword(session: Session): Promise<Finding> {
	const { credentials, credentialsError, flags, config } = session.deployed;
	const repair = `airflow-deploy db-init${flags}   # gives the user the password that is in the secret`;
	if (credentials === undefined) throw new CheckFailed(`the password cannot be read: ${credentialsError ?? 'its secret is gone'}`, { hint: repair });
	const { username, password } = credentials;
	session.busy('login: with the password');
	try {
		await pageOf(session).login(username, password);
	} catch (error) {
		if (!(error instanceof CheckFailed) || !error.message.includes('refuses')) throw error;
		if (session.deployed.aws === undefined) throw new CheckFailed(error.message, { cause: error, hint: 'say who with --user, and give the password in the variable AIRFLOW_PASSWORD' });
		throw new CheckFailed(`${error.message}; the password is what the secret ${config.project}-${config.environment}-admin-password holds now`, { cause: error, hint: repair });
	}
	return { detail: `user ${username} is logged in` };
}

/** A person logs in where one sees the browser, an issuer on this machine believes anybody, and nobody can stand in for others. */
async function throughProvider(session: Session): Promise<Finding> {
	const { login, status, flags } = session.deployed;
	const page = pageOf(session);
	session.busy(`login: through ${login.auth}`);
	const { url } = await page.toProvider(status.login);
	const { host } = new URL(url);
	if (page.person !== undefined && session.wishes.headed) {
		session.busy(`login: waiting for you to log in at ${host}`);
		await page.person.logsIn(patience);
		return { detail: `somebody is logged in through ${login.auth}` };
	}
	if (page.person !== undefined && isLoopback(login.issuer ?? undefined)) {
		const email = somebody(login);
		await page.person.isBelieved(email);
		return { detail: `${email} is logged in through the issuer at ${host}` };
	}
	session.busy('login: making a session in the container');
	await page.useSession(await session.containerSession());
	const how = page.person === undefined ? 'a browser can' : `airflow-deploy validate${flags} --headed, where you log in, does`;
	return { leftOut: true, detail: `${host} takes the request; not proved: that a person gets in there (${how}). The rest is looked at in a session that was made in the container` };
}

/** Who can do most. */
function somebody({ adminEmails, allowedEmails, allowedDomains }: LoginOptions): string {
	return adminEmails[0] ?? allowedEmails[0] ?? `validate@${allowedDomains[0] ?? 'example.com'}`;
}
