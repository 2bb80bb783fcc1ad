import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import type { CheckDocument, CredentialsDocument, StatusDocument, ValidateDocument } from '../environment/documents.ts';
import type { Environment } from '../environment/environment.ts';
import { recordedExecutor } from '../environment/executor-option.ts';
import { recordedLogin } from '../environment/login-option.ts';
import type { PageRoute } from '../environment/page-route.ts';
import { lastTimeline } from '../environment/timeline.ts';
import { Pace } from '../logs/pace.ts';
import { readAnchor } from '../resources/s3-anchor.ts';
import { readManifest } from '../resources/upload-bundle.ts';
import { naming } from '../stacks/inputs.ts';
import { launchBrowser } from './browser.ts';
import { browserPage } from './browser-page.ts';
import { type Check, isOk, type Result } from './check.ts';
import { type ContainerSession, openContainerSession } from './container-session.ts';
import { first, logChecks, pageAloneChecks, pageChecks, runChecks } from './checks/plan.ts';
import { httpPage } from './http-page.ts';
import { requestsBy } from './http-request.ts';
import { type Observer, perform } from './perform.ts';
import { renderReport } from './report/report.ts';
import type { Deployed, Session, Wishes } from './session.ts';
import { runTimeline } from './run-timeline.ts';
import { versionsOf } from './versions.ts';

export interface ValidateOptions {
	readonly aws: Aws;
	readonly config: Config;
	readonly environment: Environment;
	readonly status: StatusDocument;
	readonly wishes: Wishes;
	/** The working directory: reports go below it. */
	readonly cwd: string;
	readonly env: NodeJS.ProcessEnv;
	readonly signal: AbortSignal;
	/** ` --local --env x`: the flags of other commands about the same environment. */
	readonly flags: string;
	readonly observer: Observer;
	readonly busy: (text: string) => void;
	/** Says what is done otherwise than asked, and why. */
	readonly note: (text: string) => void;
}

/**
 * Does what a careful person would after a deployment, and writes a report about it. Checks that fail are in the document,
 * not thrown; what was paused is paused again in any case.
 * @throws UserError where `--headed` cannot be had
 */
export async function validate(options: ValidateOptions): Promise<ValidateDocument> {
	const route = await options.environment.pageRoute();
	const sessions = containerSessions(options);
	const { cwd, aws, config } = options;
	try {
		const deployed = { ...(await lookAtDeployed(options)), request: requestsBy(route) };
		return await examine({ ...options, deployed, route, containerSession: sessions.cookie, lastUp: () => lastTimeline({ cwd, aws, config }) });
	} finally {
		await sessions.close();
	}
}

interface Examination extends Pick<ValidateOptions, 'wishes' | 'cwd' | 'env' | 'signal' | 'observer' | 'busy' | 'note'> {
	readonly deployed: Deployed;
	readonly route: PageRoute | undefined;
	readonly containerSession: () => Promise<string>;
	readonly lastUp: () => ReturnType<typeof lastTimeline>;
}

/** Everything that `validate` does, whatever it is that was deployed. */
export async function examine(options: Examination): Promise<ValidateDocument> {
	const began = new Date();
	const { deployed, wishes, signal, busy, containerSession, observer } = options;
	const session: Session = { deployed, wishes, dags: [], began: began.getTime(), signal, runs: [], logPages: new Map(), busy, containerSession };
	const results: Result[] = [];
	try {
		await openPage(session, options);
		await perform([first], session, results, observer);
		if (!results.every(isOk)) await closePage(session);
		await perform(nextChecks(session), session, results, observer);
		if (session.page !== undefined) await perform(runChecks(session), session, results, observer);
		return await conclude(options, session, results, began);
	} finally {
		await closePage(session);
	}
}

function nextChecks({ page, deployed: { aws } }: Session): readonly Check[] {
	if (aws === undefined) return pageAloneChecks;
	return page === undefined ? logChecks : pageChecks;
}

/** At most one, made when it is first asked for. */
function containerSessions({ environment, note, flags }: ValidateOptions): { cookie: () => Promise<string>; close: () => Promise<void> } {
	let open: Promise<ContainerSession> | undefined;
	return {
		cookie: async () => (await (open ??= openContainerSession(environment))).cookie,
		close: async () => {
			const close = open?.then((session) => session.close());
			await close?.catch(() => note(`the session in the container is not removed; it ends by itself within half an hour: airflow-deploy exec webserver${flags} -- python -m airflow_deploy.validation_session close`));
		},
	};
}

async function closePage(session: Session): Promise<void> {
	await session.page?.close().catch(() => {});
	delete session.page;
}

async function lookAtDeployed({ aws, config, status, environment, flags }: ValidateOptions): Promise<Omit<Deployed, 'request'>> {
	const { bucket } = naming({ config, place: aws });
	let credentialsError: string | undefined;
	const [credentials, manifest, anchor] = await Promise.all([
		environment.credentials().then((found) => (found.username === null ? undefined : found)).catch((error: unknown): CredentialsDocument | undefined => void (credentialsError = error instanceof Error ? error.message : String(error))),
		readManifest({ aws }, bucket, config.environment),
		readAnchor(aws, bucket, config.environment),
	]);
	const cidrs = anchor?.options['allowedCidrs'];
	const allowedCidrs = Array.isArray(cidrs) ? cidrs.filter((cidr) => typeof cidr === 'string') : [];
	return { aws, config, status, credentials, credentialsError, manifest, login: recordedLogin(anchor?.options), executor: recordedExecutor(anchor), allowedCidrs, flags, pace: Pace.of(aws.region) };
}

/** Where there is an address. */
async function openPage(session: Session, { wishes, env, note, route }: Examination): Promise<void> {
	const { url } = session.deployed.status.webserver;
	if (url === null) return;
	const say = (why: string): void => note(`no browser: ${why}; the same is proved through Airflow's REST API`);
	const launched = wishes.browser ? await launchBrowser({ env, headed: wishes.headed, route, say }) : undefined;
	session.page = launched === undefined ? httpPage(url, session.deployed.request) : await browserPage(launched, url, session.deployed.request);
}

async function conclude({ cwd, deployed: { config }, lastUp }: Examination, session: Session, results: readonly Result[], began: Date): Promise<ValidateDocument> {
	const name = `${config.environment.replaceAll(/[^\w.-]/g, '-')}-${began.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
	const folder = join(cwd, '.airflow-deploy', 'reports');
	const shots = await writeScreenshots(folder, name, results);
	const ok = results.every(isOk) && !session.signal.aborted;
	const [versions, runs, before] = await Promise.all([versionsOf(session), runTimeline(session), lastUp()]);
	const report = join(folder, `${name}.html`);
	await writeFile(report, renderReport({ deployed: session.deployed, ok, began, results, versions, runs, lastUp: before, wallSeconds: (Date.now() - began.getTime()) / 1000 }), { mode: 0o600 });
	return { ok, checks: results.map((result) => checkDocument(result, shots.get(result.name))), report, environment: config.environment, mode: session.page?.kind ?? 'logs', versions, wallSeconds: Math.round((Date.now() - began.getTime()) / 100) / 10 };
}

/** Beside the report, which holds them too: for whoever reads the JSON document. Returns paths relative to the report. */
async function writeScreenshots(folder: string, name: string, results: readonly Result[]): Promise<Map<string, string>> {
	await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
	const written = new Map<string, string>();
	for (const [index, { name: check, screenshot }] of results.entries()) {
		if (screenshot === undefined) continue;
		const path = `${name}/${String(index + 1).padStart(2, '0')}-${check.replaceAll(/[^\w.-]/g, '-')}.png`;
		await writeFile(join(folder, path), screenshot, { mode: 0o600 });
		written.set(check, path);
	}
	return written;
}

function checkDocument({ name, proves, verdict, seconds, startSeconds, detail, hint, lines }: Result, screenshot: string | undefined): CheckDocument {
	return { name, ok: isOk({ verdict }), seconds, detail, screenshot: screenshot ?? null, verdict, proves, hint: hint ?? null, lines: [...lines], startSeconds };
}
