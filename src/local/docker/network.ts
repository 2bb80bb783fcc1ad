import { type Engine, EngineError } from './engine.ts';
import type { Labels } from './labels.ts';

/** An endpoint's bridge: its tasks and databases have addresses there, and this machine reaches them. */
export interface Bridge {
	readonly name: string;
	/** An address that the engine gives to no container by itself. @param index from 0 */
	reserved(index: number): string;
}

interface Inspected {
	readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway?: string }[] };
}

/**
 * Makes the network of an endpoint. The engine chooses a subnet that nobody has, and is asked for that very subnet: only
 * then it gives containers the addresses that are asked for.
 */
export async function createBridge(engine: Engine, name: string, labels: Labels): Promise<Bridge> {
	const make = async (more: object): Promise<void> => void (await engine.ask('POST', '/networks/create', { body: { Name: name, Driver: 'bridge', Labels: labels, CheckDuplicate: true, ...more } }));
	for (let attempt = 1; ; attempt += 1) {
		await make({});
		const subnet = (await engine.ask<Inspected>('GET', `/networks/${name}`)).IPAM.Config.find(({ Subnet }) => !Subnet.includes(':'))?.Subnet ?? '';
		await engine.ask('DELETE', `/networks/${name}`);
		try {
			await make({ IPAM: { Config: [{ Subnet: subnet, IPRange: lowerHalf(subnet) }] } });
			return { name, reserved: (index) => upperHalf(subnet, index) };
		} catch (error) {
			// Another network took it meanwhile.
			if (!(error instanceof EngineError) || attempt === 5) throw error;
		}
	}
}

function lowerHalf(subnet: string): string {
	const [base = '', prefix] = subnet.split('/');
	return `${base}/${Number(prefix) + 1}`;
}

function upperHalf(subnet: string, index: number): string {
	const [base = '', prefix] = subnet.split('/');
	return dotted(numberOf(base) + 2 ** (31 - Number(prefix)) + index + 1);
}

const numberOf = (address: string): number => address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
const dotted = (number: number): string => [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.');
