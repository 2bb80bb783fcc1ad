import { type Check, CheckFailed } from '../check.ts';
import { pageOf } from '../page-of.ts';

export const login: Check = {
	name: 'login',
	proves: "the environment's user name and password log in",
	needs: ['web-page'],
	async run(session) {
		const { credentials, credentialsError, flags, config } = session.deployed;
		const repair = `airflow-deploy db-init${flags}   # gives the user the password that is in the secret`;
		if (credentials === undefined) throw new CheckFailed(`the password cannot be read: ${credentialsError ?? 'its secret is gone'}`, { hint: repair });
		const { username, password } = credentials;
		session.busy('login: with the password from Secrets Manager');
		try {
			await pageOf(session).login(username, password);
		} catch (error) {
			if (!(error instanceof CheckFailed) || !error.message.includes('refuses')) throw error;
			throw new CheckFailed(`${error.message}; the password is what the secret ${config.project}-${config.environment}-admin-password holds now`, { cause: error, hint: repair });
		}
		return { detail: `user ${username} is logged in` };
	},
};
