import type { XmlValue } from '../xml.ts';

/** The minor versions of PostgreSQL 15 that the local RDS offers; the last one is what really runs. */
export const versions: readonly string[] = ['15.13', '15.14', '15.15', '15.16', '15.17', '15.18'];
export const newestVersion = '15.18';

const classes = ['db.t3.micro', 'db.t3.small', 'db.t3.medium', 'db.t4g.micro', 'db.t4g.small', 'db.t4g.medium', 'db.t4g.large', 'db.m6g.large', 'db.m6i.large', 'db.m7g.large', 'db.r6g.large', 'db.r7g.large'];
const storages = ['gp2', 'gp3', 'io1'];

/** DescribeDBEngineVersions: `15` means all of its minors, `DefaultOnly` the newest. */
export function engineVersions(parameters: URLSearchParams): XmlValue[] {
	const [engine, wanted] = ['Engine', 'EngineVersion'].map((name) => parameters.get(name));
	if ((engine ?? 'postgres') !== 'postgres') return [];
	const matching = matchingVersions(wanted ?? null);
	const shown = parameters.get('DefaultOnly')?.toLowerCase() === 'true' ? matching.slice(-1) : matching;
	return shown.map((version) => ({
		Engine: 'postgres',
		MajorEngineVersion: '15',
		EngineVersion: version,
		DBParameterGroupFamily: 'postgres15',
		DBEngineDescription: 'PostgreSQL',
		DBEngineVersionDescription: `PostgreSQL ${version}-R1`,
		Status: 'available',
		SupportsReadReplica: true,
		SupportsLogExportsToCloudwatchLogs: true,
	}));
}

/** DescribeOrderableDBInstanceOptions: one per class, version and storage type. */
export function orderableOptions(parameters: URLSearchParams, zones: readonly string[]): XmlValue[] {
	if (parameters.get('Engine') !== 'postgres') return [];
	const wantedClass = parameters.get('DBInstanceClass');
	const offered = classes.filter((name) => wantedClass === null || name === wantedClass);
	return matchingVersions(parameters.get('EngineVersion')).flatMap((version) => offered.flatMap((name) => storages.map((storage) => option(version, name, storage, zones))));
}

function option(version: string, name: string, storage: string, zones: readonly string[]): XmlValue {
	return {
		Engine: 'postgres',
		EngineVersion: version,
		DBInstanceClass: name,
		LicenseModel: 'postgresql-license',
		AvailabilityZones: { AvailabilityZone: zones.map((zone) => ({ Name: zone })) },
		MultiAZCapable: true,
		Vpc: true,
		SupportsStorageEncryption: true,
		StorageType: storage,
		MinStorageSize: storage === 'io1' ? 100 : 20,
		MaxStorageSize: 65_536,
	};
}

function matchingVersions(wanted: string | null): readonly string[] {
	return wanted === null || wanted === '15' ? versions : versions.filter((version) => version === wanted);
}
