import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckCounts, type CheckFinding, CheckLine, type CheckRequest } from '../../src/wire/check.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';

/** An answer that breaks off is asked for again from where it came to: another master may lead by then. */
const FAILURES_MAX = 10;
const RETRY_MS = 1_000;

type ProgressLine = Extract<CheckLine, { line: 'progress' }>;

export interface CheckListener {
  /** Once for each finding, as it is found. */
  readonly onFinding: (finding: CheckFinding) => void;
  readonly onProgress: (progress: ProgressLine) => void;
}

const NOTHING: CheckCounts = { shards: 0, compared: 0, equal: 0, different: 0, unknown: 0, repaired: 0 };

/**
 * Has the masters hold their shards against the source, to the end. Keeps nothing of what was told but counts. Throws
 * {@link CommandFailed} when it cannot come to its end, naming the shard behind which it can be taken up.
 */
export async function runCheck(
  masters: MasterClient,
  request: CheckRequest,
  { onFinding, onProgress }: CheckListener,
  interrupted: AbortSignal,
): Promise<CheckCounts> {
  let [after, before, own] = [request.after, NOTHING, NOTHING];
  // Those behind the last progress are told again when the answer has to be asked for again.
  let untold = new Set<string>();
  let hasBegun = false;
  for (let failures = 0; ; ) {
    try {
      const body: CheckRequest = { ...request, ...(after === undefined ? {} : { after }) };
      const call = { method: 'POST', path: '/_api/sync/check', body, signal: interrupted } as const;
      for await (const line of masters.lines(call, CheckLine)) {
        hasBegun = true;
        if (line.line === 'result') return sum(before, line);
        if (line.line === 'finding') {
          const name = JSON.stringify(line.finding);
          if (!untold.has(name)) onFinding(line.finding);
          untold.add(name);
          continue;
        }
        own = line;
        onProgress({ ...line, ...sum(before, line) });
        if (line.after === after) continue;
        after = line.after;
        failures = 0;
        untold = new Set();
      }
      throw new CommandFailed('the masters broke off before the end');
    } catch (error) {
      failures += 1;
      if (interrupted.aborted) throw new CommandFailed(`interrupted; ${goOn(after)}`);
      if (!(error instanceof CommandFailed) || !hasBegun) throw error;
      if (failures > FAILURES_MAX) throw new CommandFailed(`${error.message}; ${goOn(after)}`);
      // What was told behind the last place to go on from is compared again, and not counted twice.
      before = sum(before, own);
      own = NOTHING;
      await sleep(RETRY_MS);
    }
  }
}

function goOn(after: string | undefined): string {
  return after === undefined ? 'nothing was compared to its end' : `go on with --after='${after}'`;
}

/** Of the parts that were asked for one after the other. */
function sum(before: CheckCounts, now: CheckCounts): CheckCounts {
  return {
    shards: before.compared + now.shards,
    compared: before.compared + now.compared,
    equal: before.equal + now.equal,
    different: before.different + now.different,
    unknown: before.unknown + now.unknown,
    repaired: before.repaired + now.repaired,
  };
}
