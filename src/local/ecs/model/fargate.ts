/** MiB that Fargate offers for a number of CPU units (developer guide, "Task size"). */
const sizes: Readonly<Record<number, { from: number; to: number; step: number; also?: readonly number[] }>> = {
	256: { from: 1024, to: 2048, step: 1024, also: [512] },
	512: { from: 1024, to: 4096, step: 1024 },
	1024: { from: 2048, to: 8192, step: 1024 },
	2048: { from: 4096, to: 16_384, step: 1024 },
	4096: { from: 8192, to: 30_720, step: 1024 },
	8192: { from: 16_384, to: 61_440, step: 4096 },
	16_384: { from: 32_768, to: 122_880, step: 8192 },
};

export function isFargateCpu(cpu: number): boolean {
	return cpu in sizes;
}

export function isFargateSize(cpu: number, memory: number): boolean {
	const size = sizes[cpu];
	if (size === undefined) return false;
	if (size.also?.includes(memory) === true) return true;
	return memory >= size.from && memory <= size.to && (memory - size.from) % size.step === 0;
}

/** `1024`, `1 vCPU`, `.25 vcpu` in CPU units; undefined for anything else. */
export function cpuUnits(value: string): number | undefined {
	return amount(value, 'vcpu');
}

/** `2048`, `2 GB`, `0.5GB` in MiB; undefined for anything else. */
export function memoryMiB(value: string): number | undefined {
	return amount(value, 'gb');
}

function amount(value: string, unit: 'vcpu' | 'gb'): number | undefined {
	const parts = /^\s*(\d+|\d*\.\d+)\s*([a-z]*)\s*$/i.exec(value);
	if (parts === null) return undefined;
	const number = Number(parts[1]);
	const given = (parts[2] ?? '').toLowerCase();
	if (given === unit) return Math.round(number * 1024);
	return given === '' && Number.isInteger(number) ? number : undefined;
}
