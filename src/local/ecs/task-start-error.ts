/** Why a task could not start; the message is its stoppedReason. */
export class TaskStartError extends Error {}

export const startError = (text: string): TaskStartError => new TaskStartError(`ResourceInitializationError: ${text}`);
