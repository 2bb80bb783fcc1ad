import { readable } from './log-text.ts';

/** What a dead task is recognised by: AWS's words about it and its containers, and the end of its log. */
export interface DeathSigns {
	/** The component: container `webserver` of `airflow-main-webserver`; `the task` where it is unknown. */
	readonly container: string;
	/** The task's stoppedReason and its containers' reasons. */
	readonly reason: string;
	/** AWS's class of the reason, e.g. `EssentialContainerExited`. */
	readonly stopCode: string | null;
	/** Of the container that ended the task; null where it never ran. */
	readonly exitCode: number | null;
	/** The last lines of that container. */
	readonly lines: readonly string[];
}

const deathClasses = [
	'architecture',
	'image-pull',
	'secret',
	'logs',
	'efs-mount',
	'out-of-memory',
	'database-refused',
	'health-check',
	'no-capacity',
	'role',
	'network',
	'cannot-start',
	'stopped',
	'exit-code',
	'unknown',
] as const;
export type DeathClass = (typeof deathClasses)[number];

export interface Verdict {
	readonly class: DeathClass;
	/** What happened, in one line. */
	readonly cause: string;
	/** What to do: a command to run, or a setting to change. */
	readonly fix: string;
	/** Whether the next try may go better by itself, so that ECS's own tries are worth a wait. */
	readonly passes: boolean;
}

interface Rule {
	readonly class: DeathClass;
	/** In AWS's words. */
	readonly reason?: RegExp;
	/** In the container's own lines. */
	readonly log?: RegExp;
	readonly exitCodes?: readonly number[];
	readonly stopCodes?: readonly string[];
	/** `$1` is what the pattern caught, `{container}` the component, `{exit}` its exit code, `{error}` the last error in its log. */
	readonly cause: string;
	/** As the cause; `{COMPONENT}` is the component as configuration names it. */
	readonly fix: string;
	readonly passes?: true;
}

const noWayOut = 'give the tasks a way out: AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP=true in subnets with an internet gateway, a NAT gateway, or VPC endpoints';
const noRoute = /connection issue between the task and|dial tcp|i\/o timeout|context deadline exceeded|request canceled|no such host|network is unreachable/;
const quota = 'aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 12   # an account administrator can';
const again = 'airflow-deploy up   # makes it again';

/**
 * The first rule that fits speaks. Texts: docs.aws.amazon.com/AmazonECS "Stopped tasks error messages", and what people pasted
 * of them; psycopg2 and libpq for the database.
 */
const rules: readonly Rule[] = [
	{ class: 'architecture', reason: /does not contain descriptor matching platform '?([\w/]+)|no matching manifest for ([\w/]+)/i, cause: 'the image holds nothing for $1, the processor of the task', fix: 'docker build --platform linux/amd64 …   # or unset AIRFLOW_DEPLOY_IMAGE: airflow-deploy deploy builds it for the right one' },
	{ class: 'architecture', reason: /exec format error/i, cause: 'the image of {container} was built for another processor (exec format error)', fix: 'docker build --platform linux/amd64 …   # or unset AIRFLOW_DEPLOY_IMAGE: airflow-deploy deploy builds it for the right one' },
	{ class: 'architecture', log: /exec format error/i, cause: 'the image of {container} was built for another processor (exec format error)', fix: 'docker build --platform linux/amd64 …   # or unset AIRFLOW_DEPLOY_IMAGE: airflow-deploy deploy builds it for the right one' },

	{ class: 'image-pull', reason: /CannotPull\w*Error.*(toomanyrequests|Too Many Requests|rate limit)/is, cause: 'the registry limits how often it may be asked ($1)', fix: 'use an image from ECR (public.ecr.aws or your own), then: airflow-deploy deploy', passes: true },
	{ class: 'image-pull', reason: /CannotPull\w*Error.*no space left/is, cause: 'the image does not fit into the 20 GiB that a Fargate task has', fix: 'make the image smaller, then: airflow-deploy deploy' },
	{ class: 'image-pull', reason: /CannotPull\w*Error.*(?:ref|image)?\s(\S+): (?:[^:]*: )*(?:not found|manifest unknown)|CannotPull\w*Error.*(?:pull access denied|repository does not exist|name unknown|NAME_UNKNOWN)/is, cause: 'the image does not exist, or may not be pulled', fix: 'check AIRFLOW_DEPLOY_IMAGE; without it airflow-deploy deploy builds and pushes the image' },
	{ class: 'image-pull', reason: /CannotPull\w*Error.*(AccessDenied|denied|unauthorized|403 Forbidden|no basic auth)/is, cause: 'the image may not be pulled ($1)', fix: 'let the execution role read the repository, or use an image that everybody may pull' },
	{ class: 'image-pull', reason: new RegExp(`(?:CannotPull\\w*Error|registry auth from Amazon ECR).*(${noRoute.source})`, 'is'), cause: 'the registry cannot be reached from the task ($1)', fix: noWayOut },
	{ class: 'image-pull', reason: /registry auth from Amazon ECR|CannotPull\w*Error|failed to normalize image reference|PullImage/i, cause: 'the image of {container} cannot be pulled', fix: 'check AIRFLOW_DEPLOY_IMAGE and the repository, then: airflow-deploy deploy' },

	{ class: 'secret', reason: /did not contain json key (\S+)/i, cause: 'a secret lacks the key $1', fix: 'airflow-deploy up   # writes its own secrets again; of yours: aws secretsmanager put-secret-value' },
	{ class: 'secret', reason: /secret.* (?:fetch secret )?(arn:\S+|\S+) from secrets manager:.*(?:ResourceNotFound|can't find|marked (?:for deletion|as deleted))/is, cause: 'the secret $1 does not exist', fix: again },
	{ class: 'secret', reason: /(?:pull secrets|retrieve secret|secrets manager).*AccessDenied/is, cause: 'the execution role may not read a secret', fix: 'airflow-deploy up   # puts the role\'s policy right; a policy of your organisation may forbid it too' },
	{ class: 'secret', reason: new RegExp(`(?:pull secrets|retrieve secret).*(${noRoute.source})`, 'is'), cause: 'Secrets Manager cannot be reached from the task ($1)', fix: noWayOut },
	{ class: 'secret', reason: /unable to (?:pull|retrieve) secrets?|retrieve secret|secrets manager|invalid secret reference/i, cause: 'a secret of {container} cannot be read', fix: again },

	{ class: 'logs', reason: /log(?:ger| stream| group).*(?:ResourceNotFound|does not exist|cannot find)/is, cause: 'the log group of {container} does not exist', fix: again },
	{ class: 'logs', reason: /log(?:ger| stream| group).*AccessDenied/is, cause: 'the execution role may not write logs', fix: 'airflow-deploy up   # puts the role\'s policy right' },
	{ class: 'logs', reason: new RegExp(`logger args.*(${noRoute.source})`, 'is'), cause: 'CloudWatch Logs cannot be reached from the task ($1)', fix: noWayOut },
	{ class: 'logs', reason: /failed to validate logger args|create stream has been retried|failed to (?:initialize|create) .*log/i, cause: 'the log stream of {container} cannot be made', fix: again },

	{ class: 'efs-mount', reason: /Failed to resolve "?(fs-[\w.-]+)/i, cause: 'the name of the file system, $1, is not known', fix: 'airflow-deploy up   # a new name takes up to 90 s; your own VPC needs DNS host names and AWS\'s DNS server' },
	{ class: 'efs-mount', reason: /mount\.nfs4: (?:Connection (?:timed out|reset)[^:]*)/i, cause: 'the file system does not answer', fix: 'let the security group of the tasks reach port 2049 of the mount targets: airflow-deploy up puts its own right' },
	{ class: 'efs-mount', reason: /access denied by server/i, cause: 'the file system refuses the task role', fix: 'airflow-deploy up   # puts file system policy and role right' },
	{ class: 'efs-mount', reason: /EFS|mount\.nfs|file system|access point|mount target/i, cause: 'the file system cannot be mounted', fix: again },
	{ class: 'efs-mount', log: /(?:Permission denied|Read-only file system)[^\n]*(\/opt\/airflow\/bundle\S*|\/mnt\/efs\S*)/i, cause: '{container} may not write to the file system ($1)', fix: 'airflow-deploy doctor --storage   # tells what is wrong with it' },

	{ class: 'out-of-memory', reason: /OutOfMemory/i, cause: '{container} needed more memory than it has', fix: '{MEMORY}' },

	{ class: 'no-capacity', reason: /reached the limit on the number of (vCPUs|tasks)/i, cause: 'the account\'s quota of Fargate $1 is used up', fix: quota, passes: true },
	{ class: 'no-capacity', reason: /Capacity is unavailable|InsufficientCapacity|RESOURCE:(?:CPU|MEMORY|ENI)|unable to place a task|No Container Instances were found/i, cause: 'AWS has no room for a Fargate task of this size here now', fix: 'wait: ECS tries again by itself; or another region: --region', passes: true },
	{ class: 'health-check', reason: /failed (container|ELB) health checks/i, cause: '{container} runs, but its health check fails', fix: 'airflow-deploy logs {container}   # tells what it is busy with' },
	{ class: 'role', reason: /unable to assume the role '?([^\s']*)|Role is not valid/i, cause: 'ECS may not use a role of the task', fix: 'airflow-deploy up   # puts the role\'s trust right' },
	{ class: 'network', reason: /network interface|ENI|InsufficientFreeAddresses/, cause: 'AWS could not give the task a network interface', fix: 'wait: ECS tries again by itself; if it stays: are there free addresses in the subnets?', passes: true },
	{ class: 'stopped', stopCodes: ['SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'], cause: 'AWS took the machine away', fix: 'nothing: ECS starts another task', passes: true },
	{ class: 'stopped', stopCodes: ['UserInitiated'], cause: 'somebody stopped it', fix: 'nothing: ECS starts another task', passes: true },
	{ class: 'cannot-start', reason: /TaskDependencyError|dependencies cannot be resolved/i, cause: 'a container that {container} waits for did not come up', fix: 'airflow-deploy logs   # tells why' },
	{ class: 'cannot-start', reason: /CannotStart\w*Error|CannotCreate\w*Error|executable file not found|InternalError/i, cause: '{container} cannot be started', fix: 'check command and entry point of the image, then: airflow-deploy deploy' },

	{ class: 'database-refused', log: /password authentication failed for user|Access denied for user/i, cause: 'the database refuses the password', fix: 'airflow-deploy up   # gives database and secret the same password' },
	{ class: 'database-refused', log: /could not translate host name/i, cause: 'the database\'s name is not known', fix: 'airflow-deploy db-init   # looks its address up again; is the instance still there?' },
	{ class: 'database-refused', log: /no pg_hba\.conf entry|SSL (?:off|connection is required)|SSL connection has been closed/i, cause: 'the database wants TLS, or does not know this user', fix: 'airflow-deploy db-init   # writes the connection again' },
	{ class: 'database-refused', log: /database \\?"([^"\\]+)\\?" does not exist/i, cause: 'the database $1 does not exist', fix: 'airflow-deploy db-init' },
	{ class: 'database-refused', log: /connection to server (?:at|on)[^\n]*(timed? ?out|Connection refused)|could not connect to server[^\n]*(timed? ?out|Connection refused)|Can't connect to (?:MySQL|local MySQL)/i, cause: 'the database does not answer ($1)', fix: 'aws rds describe-db-instances   # is it available? its security group must let port 5432 in from the tasks: airflow-deploy up puts that right' },
	{ class: 'database-refused', log: /(?:psycopg2|MySQLdb|mysql\.connector)\S*OperationalError/, cause: 'the database cannot be used: {error}', fix: 'airflow-deploy db-init' },

	{ class: 'out-of-memory', exitCodes: [137], cause: '{container} was killed (137), most likely for want of memory', fix: '{MEMORY}' },
	{ class: 'exit-code', exitCodes: [126, 127], cause: '{container} exited with {exit}: its command cannot be run', fix: 'check command and entry point of the image, then: airflow-deploy deploy' },
	{ class: 'exit-code', exitCodes: [139], cause: '{container} crashed (139, a segmentation fault)', fix: 'check the compiled packages in requirements.txt, then: airflow-deploy deploy' },
	{ class: 'exit-code', exitCodes: [0], cause: '{container} ended without an error, and should have gone on', fix: 'airflow-deploy logs {container}' },
];

const unknown: Verdict = { class: 'unknown', cause: 'AWS gives no reason', fix: 'airflow-deploy status; then run the same command again', passes: true };

/** Why a task died, and what to do about it. */
export function classify(signs: DeathSigns): Verdict {
	for (const rule of rules) {
		const caught = match(rule, signs);
		if (caught) return { class: rule.class, cause: fill(rule.cause, signs, caught), fix: fill(rule.fix, signs, caught), passes: rule.passes === true };
	}
	if (signs.exitCode === null) return signs.reason === '' ? unknown : { ...unknown, cause: signs.reason };
	const error = lastError(signs.lines);
	return {
		class: 'exit-code',
		cause: `${signs.container} exited with ${signs.exitCode}${error === undefined ? '' : `: ${error}`}`,
		fix: 'correct what its last lines say, then run the same command again',
		passes: false,
	};
}

/** What a sentence of AWS says about placing tasks, e.g. an event of a service; undefined where that is no failure that we know. */
export function classifyEvent(message: string): Verdict | undefined {
	const verdict = classify({ container: 'the task', reason: message, stopCode: null, exitCode: null, lines: [] });
	return verdict.class === 'unknown' ? undefined : verdict;
}

function match(rule: Rule, { reason, lines, exitCode, stopCode }: DeathSigns): readonly string[] | undefined {
	if (rule.reason) return rule.reason.exec(reason)?.slice();
	if (rule.log) return rule.log.exec(lines.join('\n'))?.slice();
	if (rule.exitCodes) return exitCode !== null && rule.exitCodes.includes(exitCode) ? [] : undefined;
	return rule.stopCodes?.includes(stopCode ?? '') === true ? [] : undefined;
}

function fill(text: string, signs: DeathSigns, [, ...caught]: readonly string[]): string {
	const first = caught.find((part) => part !== undefined) ?? '';
	const words: Readonly<Record<string, string>> = {
		$1: first,
		'{container}': signs.container,
		'{exit}': String(signs.exitCode),
		'{error}': lastError(signs.lines) ?? 'its log says why',
		'{MEMORY}': moreMemory(signs.container),
	};
	return text.replaceAll(/\$1|\{\w+\}/g, (word) => words[word] ?? word).replace(' ()', '');
}

/** Webserver and scheduler have a size of their own; the scheduler's is shared with its sidecar. */
function moreMemory(container: string): string {
	const setting = { webserver: 'WEBSERVER_MEMORY=4096', scheduler: 'SCHEDULER_MEMORY=8192', 'dag-sync': 'SCHEDULER_MEMORY=8192' }[container];
	return setting === undefined ? 'give the task more memory, then run the same command again' : `AIRFLOW_DEPLOY_${setting} airflow-deploy deploy   # MiB, in the steps that Fargate has`;
}

/** The last line that names a Python exception, from plain lines or from JSON ones. */
function lastError(lines: readonly string[]): string | undefined {
	const named = /(?:^|[\s(])((?:[a-z_]\w*\.)*(?:[A-Z]\w*)?(?:Error|Exception)\b:? .*|(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception))$/;
	const text = lines.flatMap(readable).findLast((line) => named.test(line));
	return named.exec(text ?? '')?.[1]?.slice(0, 200);
}
