import { AwsError } from './front/failure.ts';
import type { Moto } from './moto.ts';
import { child, type Element, items, setChild, textOf } from './xml.ts';

/** What moto cannot record of a network interface that a service made for itself. */
interface Attached {
	readonly description: string;
	/** Shown as its public address. */
	readonly publicAddress: string | undefined;
	readonly attachedAt: string;
	/** Its region, VPC and private address: `us-east-1 vpc-1 10.0.0.5`. */
	readonly inVpc: string;
	/** Where on this machine that which has the interface listens; undefined where nothing does. */
	readonly listensAt: string | undefined;
}

export interface NewInterface {
	readonly region: string;
	readonly subnetId: string;
	/** Empty: the VPC's default group. */
	readonly groups: readonly string[];
	readonly description: string;
	readonly publicAddress?: string | undefined;
	/** The address of this machine that which has the interface listens at. */
	readonly listensAt?: string;
}

/**
 * The network interfaces of tasks, databases and mount targets. They are moto's, so that filters see them and nothing
 * they use can be deleted; attachment, requester and public address are added when they are described.
 */
export class Interfaces {
	readonly #moto: Moto;
	readonly #attached = new Map<string, Attached>();

	constructor(moto: Moto) {
		this.#moto = moto;
	}

	/** @returns moto's description of the new interface */
	async create({ region, subnetId, groups, description, publicAddress, listensAt }: NewInterface): Promise<Element> {
		const groupParameters = Object.fromEntries(groups.map((group, index) => [`SecurityGroupId.${index + 1}`, group]));
		const answer = await this.#moto.query({ service: 'ec2', region, operation: 'CreateNetworkInterface' }, { SubnetId: subnetId, Description: description, ...groupParameters });
		const made = child(answer, 'networkInterface');
		if (!made) throw new Error('CreateNetworkInterface answered without an interface');
		const inVpc = `${region} ${textOf(made, 'vpcId')} ${textOf(made, 'privateIpAddress')}`;
		this.#attached.set(textOf(made, 'networkInterfaceId') ?? '', { description, publicAddress, listensAt, inVpc, attachedAt: new Date().toISOString() });
		return made;
	}

	/** Takes over an interface that moto made for a mount target. */
	async adopt(region: string, id: string, description: string): Promise<void> {
		this.#attached.set(id, { description, publicAddress: undefined, listensAt: undefined, inVpc: '', attachedAt: new Date().toISOString() });
		await this.#moto.query({ service: 'ec2', region, operation: 'ModifyNetworkInterfaceAttribute' }, { NetworkInterfaceId: id, 'Description.Value': description });
	}

	/** Resolves also when it is gone already. */
	async remove(region: string, id: string): Promise<void> {
		this.#attached.delete(id);
		try {
			await this.#moto.query({ service: 'ec2', region, operation: 'DeleteNetworkInterface' }, { NetworkInterfaceId: id });
		} catch (error) {
			if (!(error instanceof AwsError && error.code === 'InvalidNetworkInterfaceID.NotFound')) throw error;
		}
	}

	isAttached(id: string): boolean {
		return this.#attached.has(id);
	}

	hasPublicAddress(id: string): boolean {
		return this.#attached.get(id)?.publicAddress !== undefined;
	}

	/** Where on this machine a private address of a VPC leads; undefined where nothing of ours has it. */
	listenerAt(region: string, vpcId: string, privateAddress: string): string | undefined {
		return [...this.#attached.values()].find(({ inVpc }) => inVpc === `${region} ${vpcId} ${privateAddress}`)?.listensAt;
	}

	/** The interfaces that match, as moto shows them. `filters`: name to value, as in DescribeNetworkInterfaces. */
	async find(region: string, filters: Readonly<Record<string, string>>): Promise<Element[]> {
		const parameters = Object.entries(filters).flatMap(([name, value], index) => [[`Filter.${index + 1}.Name`, name], [`Filter.${index + 1}.Value.1`, value]]);
		return items(await this.#moto.query({ service: 'ec2', region, operation: 'DescribeNetworkInterfaces' }, Object.fromEntries(parameters) as Record<string, string>), 'networkInterfaceSet');
	}

	/** Adds to a described interface what moto does not know. */
	complete(shown: Element): void {
		const id = textOf(shown, 'networkInterfaceId') ?? '';
		const known = this.#attached.get(id);
		if (!known) return;
		setChild(shown, 'description', known.description);
		setChild(shown, 'status', 'in-use');
		setChild(shown, 'requesterManaged', true);
		setChild(shown, 'requesterId', 'amazon-aws');
		setChild(shown, 'attachment', { attachmentId: id.replace(/^eni-/, 'eni-attach-'), instanceOwnerId: 'amazon-aws', deviceIndex: 1, status: 'attached', attachTime: known.attachedAt, deleteOnTermination: false });
		if (known.publicAddress !== undefined) setChild(shown, 'association', { ipOwnerId: 'amazon', publicDnsName: known.publicAddress, publicIp: known.publicAddress });
	}
}
