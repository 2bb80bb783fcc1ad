import { z } from 'zod';
import { type ForwardedPort, PortWork } from '../../session/port-work.ts';
import type { Work } from '../../session/session.ts';
import { TerminalWork } from '../../session/terminal-work.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { EcsError } from '../errors.ts';
import type { RunningContainer } from '../runtime.ts';
import type { Json } from '../wire.ts';

const StartSession = z.object({
	Target: z.string(),
	DocumentName: z.string().default('SSM-SessionManagerRunShell'),
	Parameters: z.record(z.string(), z.array(z.string())).default({}),
	Reason: z.string().optional(),
});
type StartSession = z.infer<typeof StartSession>;

const digits = z.string().regex(/^\d{1,5}$/).refine((port) => Number(port) < 65_536);
const PortParameters = z.strictObject({ portNumber: digits.default('80'), localPortNumber: digits.default('0') });

/** What each document does. Those that forward ports have the parameters and defaults of AWS's own. */
const documents: Readonly<Record<string, (container: RunningContainer, parameters: StartSession['Parameters']) => Work>> = {
	'SSM-SessionManagerRunShell': (container) => new TerminalWork(container, 'sh'),
	'AWS-StartInteractiveCommand': (container, { command = [] }) => new TerminalWork(container, command[0] ?? 'sh'),
	'AWS-StartPortForwardingSession': (container, parameters) => new PortWork(container, forwardedPort(parameters, { host: 'localhost' })),
	'AWS-StartPortForwardingSessionToRemoteHost': (container, parameters) => new PortWork(container, forwardedPort(parameters, {})),
};

function startSession(context: Context, { Target, DocumentName, Parameters }: StartSession): Json {
	const container = targetNamed(context, Target);
	const workOf = Object.hasOwn(documents, DocumentName) ? documents[DocumentName] : undefined;
	if (workOf === undefined) throw new EcsError('InvalidDocument', `Document with name ${DocumentName} does not exist.`);
	const work = workOf(container, Parameters);
	const session = context.sessions.open({ name: 'session', container, work });
	if (session === undefined) throw notConnected(Target);
	return answerOf(session);
}

/** @param fixed what the document gives no parameter for */
function forwardedPort(parameters: StartSession['Parameters'], fixed: { host?: string }): ForwardedPort {
	const given = Object.fromEntries(Object.entries(parameters).map(([name, [value]]) => [name, value]));
	const allowed = fixed.host === undefined ? PortParameters.extend({ host: z.string().min(3).default('localhost') }) : PortParameters;
	const { data, error } = allowed.safeParse(given);
	if (data === undefined) throw new EcsError('InvalidParameters', z.prettifyError(error));
	return { host: 'localhost', ...fixed, ...data };
}

/** `ecs:<cluster>_<task id>_<runtime id>`; a name of a cluster may hold underscores. */
function targetNamed({ state }: Context, target: string): RunningContainer {
	const [, cluster, id, runtimeId] = /^ecs:(.+)_([0-9a-f]+)_([0-9a-f]+-\d+)$/.exec(target) ?? [];
	const task = id === undefined ? undefined : state.tasks.get(id);
	const running = task?.containers.find((container) => container.runtimeId === runtimeId)?.running;
	if (task === undefined || running === undefined || task.request.cluster.name !== cluster || !task.request.enableExecuteCommand) throw notConnected(target);
	return running;
}

const notConnected = (target: string): EcsError => new EcsError('TargetNotConnected', `${target} is not connected.`);

const SessionId = z.object({ SessionId: z.string() });

/** Without a token the client knows that the session is over. */
function resumeSession({ sessions }: Context, { SessionId: id }: z.infer<typeof SessionId>): Json {
	const session = sessions.resume(id);
	return session === undefined ? { SessionId: id } : answerOf(session);
}

function terminateSession({ sessions }: Context, { SessionId: id }: z.infer<typeof SessionId>): Json {
	sessions.terminate(id);
	return { SessionId: id };
}

const answerOf = ({ sessionId, streamUrl, tokenValue }: { sessionId: string; streamUrl: string; tokenValue: string }): Json => ({ SessionId: sessionId, StreamUrl: streamUrl, TokenValue: tokenValue });

/** Operations of Systems Manager (`AmazonSSM.…`). */
export const sessionOperations: Readonly<Record<string, Operation>> = {
	StartSession: operation(StartSession, startSession),
	ResumeSession: operation(SessionId, resumeSession),
	TerminateSession: operation(SessionId, terminateSession),
};
