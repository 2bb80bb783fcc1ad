import type { CredentialsDocument } from '../../environment/documents.ts';
import type { Render } from './style.ts';

export const renderCredentials: Render<CredentialsDocument> = ({ url, username, password }) => [`web page  ${url ?? 'no address: is the webserver up?'}`, `user      ${username}`, `password  ${password}`].join('\n');
