import type { z } from 'zod';
import type { EcsDependencies } from './dependencies.ts';
import { parseRequest } from './request.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Scheduler } from './scheduler.ts';
import type { RegionState } from './state.ts';
import type { Json } from './wire.ts';

/** What an operation works with: one region of the account, and who calls. */
export interface Context {
	readonly deps: EcsDependencies;
	readonly account: string;
	readonly region: string;
	readonly state: RegionState;
	readonly scheduler: Scheduler;
	/** Of ECS Exec, in all regions. */
	readonly sessions: Sessions;
	/** ARN of the caller. */
	readonly caller: string;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

export interface Operation {
	run(context: Context, input: unknown): Promise<Json>;
}

/** An operation is the form of its request and what it does. It answers, or throws an EcsError. */
export function operation<T>(request: z.ZodType<T>, answer: (context: Context, input: T) => Json | Promise<Json>): Operation {
	return { run: async (context, input) => answer(context, parseRequest(request, input)) };
}
