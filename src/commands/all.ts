import { branch } from './branch.ts';
import { credentials } from './credentials.ts';
import type { Command, Group } from './define.ts';
import { doctor } from './doctor.ts';
import { exec } from './exec.ts';
import { init } from './init.ts';
import { local } from './local.ts';
import { logs } from './logs.ts';
import { open } from './open.ts';
import { plan } from './plan.ts';
import { policy } from './policy.ts';
import { state } from './state.ts';
import { status } from './status.ts';
import { teardown } from './teardown.ts';
import { dbInit, deploy, up, upload } from './up.ts';
import { validate } from './validate.ts';

/** In the order of the help. */
export const commands: readonly (Command | Group)[] = [init, plan, up, upload, dbInit, deploy, status, validate, logs, exec, open, credentials, teardown, branch, doctor, policy, state, local];
