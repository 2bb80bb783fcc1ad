import type { CredentialsDocument, ProviderCredentialsDocument } from '../../environment/documents.ts';
import { loginLines } from './login.ts';
import type { Render } from './style.ts';

export const renderCredentials: Render<CredentialsDocument | ProviderCredentialsDocument> = (document, style) => {
	const { url, username, password } = document;
	const address = url ?? 'no address: is the webserver up?';
	if ('login' in document) return [`web page   ${address}`, ...loginLines(document.login, style)].join('\n');
	return [`web page  ${address}`, `user      ${username}`, `password  ${password}`].join('\n');
};
