import { posix } from 'node:path';

/** Where the places of a container are on this machine. */
export interface Places {
	/** Absolute path in the container → absolute path here: image, mounts. The longest one that fits counts. */
	readonly paths: Readonly<Record<string, string>>;
	/** What `localhost` means in the container: the address of its task. */
	readonly address: string;
	/** Addresses in VPCs → the addresses here of the tasks that have them. */
	readonly addresses?: ReadonlyMap<string, string>;
	/** A loopback address with this port is the local endpoint itself (metadata, credentials), not the task. */
	readonly endpointPort: number;
}

/**
 * Translates an environment variable's value or an argument of a container to this machine. Three things are changed,
 * and only where nothing else surrounds them: a path at or below one of the places, as the whole value or as an item of
 * a `:`-separated list of paths, and `localhost`, 127.0.0.1 or a task's address in its VPC as a whole host, `host:port`
 * or authority of a URL. A value with white space is text and stays as it is, and so does a path inside a URL.
 */
export function translate(value: string, places: Places): string {
	if (value === '' || /\s/.test(value)) {
		return value;
	}
	return isPathList(value)
		? value.split(':').map((item) => translatePath(item, places)).join(':')
		: translateAuthority(value, places);
}

/** Of absolute paths and empty items; a single path is a list of one. */
const isPathList = (value: string): boolean => value.split(':').every((item) => item === '' || item.startsWith('/'));

function translatePath(item: string, { paths }: Places): string {
	// `..` may lead out of the place that the path begins with.
	const path = item.split('/').includes('..') ? posix.normalize(item) : item;
	const place = Object.keys(paths)
		.filter((place) => path === place || path.startsWith(`${place}/`))
		.reduce((longest, place) => (place.length > longest.length ? place : longest), '');
	return place === '' ? item : `${paths[place]}${path.slice(place.length)}`;
}

const url = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?)(localhost|\d+\.\d+\.\d+\.\d+)(?::(\d+))?(?=[/?#]|$)/i;
const host = /^()(localhost|\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/i;

function translateAuthority(value: string, { address, addresses, endpointPort }: Places): string {
	const found = url.exec(value) ?? host.exec(value);
	if (found === null) {
		return value;
	}
	const [whole, before = '', name = '', port] = found;
	const isHere = name.toLowerCase() === 'localhost' || name === '127.0.0.1';
	const there = isHere ? address : addresses?.get(name);
	if (there === undefined || (isHere && Number(port) === endpointPort)) {
		return value;
	}
	return `${before}${there}${port === undefined ? '' : `:${port}`}${value.slice(whole.length)}`;
}
