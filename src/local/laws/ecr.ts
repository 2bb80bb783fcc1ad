import { createHash } from 'node:crypto';
import type { Account, Laws } from '../account.ts';
import { json, memberOf } from '../front/call.ts';
import { AwsError, jsonAnswer } from '../front/failure.ts';

const tokenSeconds = 12 * 3600;

export function ecrLaws({ url, id }: Account): Laws {
	return {
		// A proxy endpoint on loopback says that there is no registry to push to.
		GetAuthorizationToken: {
			before: () =>
				jsonAnswer(200, {
					authorizationData: [{ authorizationToken: Buffer.from(`AWS:${id}`).toString('base64'), expiresAt: Math.floor(Date.now() / 1000) + tokenSeconds, proxyEndpoint: url }],
				}),
		},
		CreateRepository: {
			before(call) {
				const name = memberOf(json(call), 'repositoryName') ?? '';
				if (!/^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(name)) throw new AwsError('InvalidParameterException', `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''`);
			},
		},
		// moto makes the digest of an image from its layers alone; ECR's is that of the manifest as it came.
		PutImage: {
			before(call) {
				const request = json(call);
				const digest = `sha256:${createHash('sha256').update(memberOf(request, 'imageManifest') ?? '').digest('hex')}`;
				const claimed = memberOf(request, 'imageDigest');
				if (claimed !== undefined && claimed !== digest) throw new AwsError('ImageDigestDoesNotMatchException', `The provided digest '${claimed}' does not match the digest of the manifest '${digest}'.`);
				call.body = Buffer.from(JSON.stringify({ ...request, imageDigest: digest }));
			},
		},
	};
}
