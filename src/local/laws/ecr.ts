import { createHash } from 'node:crypto';
import type { Account, Laws } from '../account.ts';
import { json, memberOf } from '../front/call.ts';
import { Tokens } from '../registry/tokens.ts';
import { AwsError, failureAnswer, jsonAnswer } from '../front/failure.ts';

export function ecrLaws({ url, registry }: Account): Laws {
	// Without a registry nothing answers to it.
	const tokens = registry?.tokens ?? new Tokens();
	return {
		GetAuthorizationToken: { before: ({ region }) => jsonAnswer(200, { authorizationData: [{ ...tokens.issue(region), proxyEndpoint: url }] }) },
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
			// moto gives a tag of another image the same name of error as the same image pushed again.
			after(call, answer) {
				const { imageTag, repositoryName, imageDigest } = json(call);
				const text = answer.body.toString();
				if (answer.status < 400 || !text.includes('ImageAlreadyExistsException') || text.includes(String(imageDigest))) return answer;
				return failureAnswer('json', new AwsError('ImageTagAlreadyExistsException', `The image tag '${String(imageTag)}' already exists in the '${String(repositoryName)}' repository and cannot be overwritten because the tag is immutable.`));
			},
		},
	};
}
