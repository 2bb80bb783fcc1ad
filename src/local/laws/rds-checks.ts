import { AwsError } from '../front/failure.ts';
import { versions } from './rds-offers.ts';

interface Check {
	readonly parameter: string;
	readonly broken: (value: string, parameters: URLSearchParams) => string | undefined;
}

/** Words that PostgreSQL or RDS keeps for itself: PostgreSQL's reserved key words and the provider's own accounts. */
const reserved = new Set('admin all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary public rdsadmin references replication rdsrepladmin returning right root select session_user similar some symmetric table tablesample then to trailing true union unique user using variadic verbose when where window with'.split(' '));

/** RDS API reference, CreateDBInstance; messages as RDS words them. The first that is broken is reported. */
const checks: readonly Check[] = [
	{ parameter: 'Engine', broken: (value) => (value === 'postgres' ? undefined : `Invalid DB engine: ${value} (the local endpoint runs postgres)`) },
	{
		parameter: 'DBInstanceIdentifier',
		broken: (value) => (/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}$/.test(value) && !value.endsWith('-') ? undefined : 'The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.'),
	},
	{ parameter: 'DBInstanceClass', broken: (value) => (/^db\.[a-z0-9]+\.[a-z0-9]+$/.test(value) ? undefined : `Invalid DB Instance class: ${value}`) },
	{ parameter: 'DBName', broken: (value) => (/^[A-Za-z_]\w{0,62}$/.test(value) ? undefined : 'DBName must begin with a letter and contain only alphanumeric characters.') },
	{
		parameter: 'MasterUsername',
		broken: (value) => (reserved.has(value.toLowerCase()) || value.startsWith('pg_') ? `MasterUsername ${value} cannot be used as it is a reserved word used by the engine` : /^[A-Za-z]\w{0,62}$/.test(value) ? undefined : 'Invalid master user name'),
	},
	{ parameter: 'MasterUserPassword', broken: brokenPassword },
	{ parameter: 'AllocatedStorage', broken: (value, parameters) => (Number(value) >= 20 ? undefined : `Invalid storage size for engine name postgres and storage type ${parameters.get('StorageType') ?? 'gp2'}: ${value}`) },
];

const demanded = ['DBInstanceIdentifier', 'DBInstanceClass', 'Engine', 'AllocatedStorage', 'MasterUsername', 'MasterUserPassword'];

/** @throws AwsError for a new instance that RDS would refuse */
export function checkInstance(parameters: URLSearchParams): void {
	for (const parameter of demanded) {
		if (!parameters.has(parameter)) throw new AwsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
	}
	for (const { parameter, broken } of checks) {
		const value = parameters.get(parameter);
		const message = value === null ? undefined : broken(value, parameters);
		if (message !== undefined) throw new AwsError('InvalidParameterValue', message);
	}
	const version = parameters.get('EngineVersion');
	if (version !== null && version !== '15' && !versions.includes(version)) throw new AwsError('InvalidParameterCombination', `Cannot find version ${version} for postgres`);
}

function brokenPassword(value: string): string | undefined {
	const invalid = 'The parameter MasterUserPassword is not a valid password';
	if (value.length < 8) return `${invalid} because it is shorter than 8 characters.`;
	if (value.length > 128) return `${invalid} because it is longer than 128 characters.`;
	return /^[!-~]+$/.test(value) && !/[/"@]/.test(value) ? undefined : `${invalid}. Only printable ASCII characters besides '/', '@', '"', ' ' may be used.`;
}
