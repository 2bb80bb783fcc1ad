/** One regular file of an archive. */
export interface TarEntry {
	/** Path with forward slashes; at most 255 bytes, its last part at most 100. */
	readonly path: string;
	readonly content: Buffer;
	readonly executable: boolean;
}

const block = 512;

/**
 * A ustar archive (POSIX 1003.1) of regular files in the order given, the same bytes for the same files on every machine:
 * owner 0, time 0, modes 0644 and 0755.
 */
export function tar(entries: readonly TarEntry[]): Buffer {
	const parts = entries.flatMap((entry) => [header(entry), entry.content, Buffer.alloc(padding(entry.content.length))]);
	return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header({ path, content, executable }: TarEntry): Buffer {
	const { name, prefix } = split(path);
	const bytes = Buffer.alloc(block);
	const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
	const fields: [offset: number, value: string][] = [
		[0, name],
		[100, octal(executable ? 0o755 : 0o644, 7)],
		[108, octal(0, 7)],
		[116, octal(0, 7)],
		[124, octal(content.length, 11)],
		[136, octal(0, 11)],
		// The checksum is taken with blanks in its own place.
		[148, ' '.repeat(8)],
		[156, '0'],
		[257, 'ustar\u{0}00'],
		[345, prefix],
	];
	for (const [offset, value] of fields) bytes.write(value, offset);
	const sum = bytes.reduce((total, byte) => total + byte, 0);
	bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return bytes;
}

/** Long paths are cut at a slash into a name of 100 bytes and a prefix of 155. */
function split(path: string): { name: string; prefix: string } {
	if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
	for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
		const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
		if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix };
	}
	throw new Error(`the path ${path} is too long for an archive`);
}

const padding = (length: number): number => (block - (length % block)) % block;
