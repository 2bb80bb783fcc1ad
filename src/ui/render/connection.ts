import type { ConnectionDocument } from '../../environment/documents.ts';
import type { Render } from './style.ts';

/** How to use an open tunnel. */
export const renderConnection: Render<ConnectionDocument> = ({ environment, database, url, command, password }, { colour }) =>
	[
		colour.bold(`${database} of ${environment}`),
		`DSN     ${colour.cyan(url)}`,
		...(password === null ? [colour.dim('        --show-password puts the password into it')] : []),
		`client  ${colour.cyan(command)}`,
	].join('\n');
