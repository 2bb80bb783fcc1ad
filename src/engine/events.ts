/** What happened to a node; `adopt` is a create whose object was already there and ours. */
export type StepAction = 'create' | 'adopt' | 'update' | 'replace' | 'run' | 'none' | 'delete';

/** All that the engine tells the outside. Printers are chosen later (terminal, plain, JSON). */
export type Event =
	/** The nodes of this run, and what each waits for in this run (edges flipped at teardown), so that what is left can be estimated. */
	| { type: 'begin'; keys: readonly string[]; needs?: Readonly<Record<string, readonly string[]>> }
	| { type: 'start'; key: string; kind: string; action: StepAction }
	| { type: 'note'; key: string; message: string; stays?: 'lasting' }
	| { type: 'done'; key: string; kind: string; action: StepAction; seconds: number }
	| { type: 'failed'; key: string; kind: string; error: unknown };
