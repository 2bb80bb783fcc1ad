import { isTagged, made, on, type Part, type Rules, service, textsAt } from './asked.ts';

const ec2 = service('ec2');
const fresh = (kind: string): Part => made(ec2, () => `${kind}/*`, 'CreateTags');
const of = (kind: string, member: string): Part => on(ec2, `${kind}/`, member);

/** Kinds by the beginning of their ids. */
const kinds: Readonly<Record<string, string>> = { vpc: 'vpc', subnet: 'subnet', igw: 'internet-gateway', rtb: 'route-table', sg: 'security-group', sgr: 'security-group-rule', eni: 'network-interface', vpce: 'vpc-endpoint' };
const tagged: Part = (reading) => textsAt(reading, 'Resources').map((id) => ({ action: `ec2:${reading.operation}`, resource: ec2.arn(reading, `${kinds[id.split('-')[0] ?? ''] ?? '*'}/${id}`) }));
/** A rule's own ARN counts only where it gets tags. */
const freshRule: Part = (reading) => (isTagged(reading) ? fresh('security-group-rule')(reading) : []);
const ruleIds: Part = (reading) => (textsAt(reading, 'SecurityGroupRuleIds').length > 0 ? of('security-group-rule', 'SecurityGroupRuleIds')(reading) : []);

/** Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2". Describe… has no resources. */
export const ec2Rules: Rules = {
	CreateVpc: [fresh('vpc')],
	DeleteVpc: [of('vpc', 'VpcId')],
	ModifyVpcAttribute: [of('vpc', 'VpcId')],
	CreateSubnet: [fresh('subnet'), of('vpc', 'VpcId')],
	DeleteSubnet: [of('subnet', 'SubnetId')],
	ModifySubnetAttribute: [of('subnet', 'SubnetId')],
	CreateInternetGateway: [fresh('internet-gateway')],
	AttachInternetGateway: [of('internet-gateway', 'InternetGatewayId'), of('vpc', 'VpcId')],
	DetachInternetGateway: [of('internet-gateway', 'InternetGatewayId'), of('vpc', 'VpcId')],
	DeleteInternetGateway: [of('internet-gateway', 'InternetGatewayId')],
	CreateRouteTable: [fresh('route-table'), of('vpc', 'VpcId')],
	DeleteRouteTable: [of('route-table', 'RouteTableId')],
	CreateRoute: [of('route-table', 'RouteTableId')],
	ReplaceRoute: [of('route-table', 'RouteTableId')],
	DeleteRoute: [of('route-table', 'RouteTableId')],
	AssociateRouteTable: [of('route-table', 'RouteTableId'), of('subnet', 'SubnetId')],
	ReplaceRouteTableAssociation: [of('route-table', 'RouteTableId')],
	// The association's id names neither.
	DisassociateRouteTable: [of('route-table', 'RouteTableId'), of('subnet', 'SubnetId')],
	CreateSecurityGroup: [fresh('security-group'), of('vpc', 'VpcId')],
	DeleteSecurityGroup: [of('security-group', 'GroupId')],
	AuthorizeSecurityGroupIngress: [of('security-group', 'GroupId'), freshRule],
	AuthorizeSecurityGroupEgress: [of('security-group', 'GroupId'), freshRule],
	RevokeSecurityGroupIngress: [of('security-group', 'GroupId'), ruleIds],
	RevokeSecurityGroupEgress: [of('security-group', 'GroupId'), ruleIds],
	CreateNetworkInterface: [fresh('network-interface'), of('subnet', 'SubnetId'), of('security-group', 'Groups')],
	DeleteNetworkInterface: [of('network-interface', 'NetworkInterfaceId')],
	ModifyNetworkInterfaceAttribute: [of('network-interface', 'NetworkInterfaceId')],
	CreateTags: [tagged],
	DeleteTags: [tagged],
};
