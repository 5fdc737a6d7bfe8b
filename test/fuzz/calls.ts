import { setTimeout as sleep } from 'node:timers/promises';
import { type ArangoAnswer, ArangoUnreachable } from '../../src/replication/arango.ts';
import type { World } from './world.ts';

/** A server that leads a shard no longer, or not yet, is asked again; so is one that was restarted. */
const ATTEMPTS_MAX = 60;
const PAUSE_MS = 250;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly database?: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Error numbers that are an answer, too; with a repetition behind a lost answer they come by themselves. */
  readonly mayFailWith?: readonly number[];
}

/** Calls the source as an application does that does not give up. Tells whether it was done; throws for what it should not answer. */
export async function call(world: World, request: Call): Promise<{ readonly done: boolean; readonly body: string }> {
  let last = '';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const answer = await once(world, request);
    if (typeof answer !== 'string') {
      const body = answer.body.toString();
      if (answer.status < 400) return { done: true, body };
      const { errorNum = 0 } = numberOf(body);
      if (request.mayFailWith?.includes(errorNum)) return { done: false, body };
      if (!isPassing(answer.status, errorNum)) {
        throw new Error(`${request.method} ${request.path}: ${answer.status} ${body.slice(0, 500)}`);
      }
      last = body;
    } else {
      last = answer;
    }
    await sleep(PAUSE_MS);
  }
  throw new Error(
    `${request.method} ${request.path} did not succeed ${ATTEMPTS_MAX} times, the last one: ${last.slice(0, 500)}`,
  );
}

async function once(
  world: World,
  { method, path, database, query, headers, body }: Call,
): Promise<ArangoAnswer | string> {
  const where = database === undefined ? {} : { database };
  const what = { ...(query === undefined ? {} : { query }), ...(body === undefined ? {} : { body }) };
  try {
    return await world.source.front.request({
      method,
      path,
      ...where,
      ...what,
      ...(headers === undefined ? {} : { headers }),
    });
  } catch (error) {
    if (!(error instanceof ArangoUnreachable)) throw error;
    return error.message;
  }
}

function numberOf(body: string): { readonly errorNum?: number } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

const PASSING = new Set([18, 30, 38, 503, 1200, 1238, 1456, 1457, 1464, 1465, 1478, 1491, 1495, 1496, 1004, 1429]);

function isPassing(status: number, errorNum: number): boolean {
  return status === 503 || PASSING.has(errorNum);
}
