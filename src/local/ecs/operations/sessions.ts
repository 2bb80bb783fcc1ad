import { z } from 'zod';
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

/** What each document runs. Documents that forward ports are not among them yet. */
const documents: Readonly<Record<string, (parameters: StartSession['Parameters']) => string>> = {
	'SSM-SessionManagerRunShell': () => 'sh',
	'AWS-StartInteractiveCommand': ({ command = [] }) => command[0] ?? 'sh',
};

function startSession(context: Context, { Target, DocumentName, Parameters }: StartSession): Json {
	const container = targetNamed(context, Target);
	const commandOf = Object.hasOwn(documents, DocumentName) ? documents[DocumentName] : undefined;
	if (commandOf === undefined) throw new EcsError('InvalidDocument', `Document with name ${DocumentName} does not exist on the local endpoint: it forwards no ports yet.`);
	const session = context.sessions.open({ name: 'session', container, command: commandOf(Parameters) });
	if (session === undefined) throw notConnected(Target);
	return answerOf(session);
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
