import type { Master } from '../../src/master/master.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import type { MasterNode } from './master-node.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';

export interface Question<T> {
  readonly network: Network;
  readonly from: SimProcess;
  /** Tried in turn. */
  readonly nodes: readonly MasterNode[];
  readonly what: string;
  readonly handle: (master: Master, signal: AbortSignal) => Promise<T>;
  /** Per master. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Answered by any master, from what it knows itself. */
  readonly byAnyone?: boolean;
}

/**
 * One master after the other, until one gives an answer that stays, as `adapters/http/endpoint-client.ts` does. Rejects
 * with the {@link ApiError} of a refusal, or an error that names all failures.
 */
export async function askMasters<T>({ network, from, nodes, ...question }: Question<T>): Promise<T> {
  const { what, handle, timeoutMs, signal, byAnyone } = question;
  const failures: string[] = [];
  for (const node of nodes) {
    try {
      const answer = await network.call({
        from,
        to: () => node.process,
        what,
        handle: async (gone) => {
          if (byAnyone !== true) return node.serve(what, handle, gone);
          if (node.master === undefined) throw new ApiError(503, 'this master is starting');
          return handle(node.master, gone);
        },
        timeoutMs,
        signal,
        repeatable: true,
      });
      return copyOf(answer);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ApiError && error.status !== 408 && error.status < 500) throw error;
      failures.push(`${node.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`${what}: ${failures.join('; ') || 'no endpoint known'}`);
}

/** What comes over a wire is nobody else's object. */
function copyOf<T>(answer: T): T {
  return answer === undefined ? answer : (JSON.parse(JSON.stringify(answer)) as T);
}
