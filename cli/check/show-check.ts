import { Presets, SingleBar } from 'cli-progress';
import type { CheckCounts, CheckFinding } from '../../src/wire/check.ts';
import type { Terminal } from '../command.ts';
import type { CheckListener } from './run-check.ts';

export interface CheckDisplay extends CheckListener {
  /** The last of it; resolves the bar. */
  end(): void;
}

/** A line for each finding as it comes; on a terminal a bar below them. `json`: a JSON object for each. */
export function showCheck(output: 'table' | 'json', terminal: Terminal): CheckDisplay {
  const bar = output === 'table' && terminal.isInteractive ? startBar() : undefined;
  const line = output === 'json' ? (finding: CheckFinding) => JSON.stringify({ finding }) : describeFinding;
  return {
    onFinding: (finding) => {
      bar?.stop();
      terminal.out(line(finding));
      bar?.resume();
    },
    onProgress: ({ compared, shards, equal, different, unknown, documents }) => {
      const looked = documents === 0 ? '' : `, ${documents} documents`;
      bar?.show(compared, shards, `${equal} equal, ${different} different, ${unknown} unknown${looked}`);
    },
    end: () => bar?.stop(),
  };
}

interface Bar {
  show(done: number, total: number, detail: string): void;
  stop(): void;
  resume(): void;
}

function startBar(): Bar {
  const options = { format: 'check [{bar}] {value}/{total} shards, {detail}', hideCursor: true, clearOnComplete: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  let [done, total, detail] = [0, 0, ''];
  const start = () => bar.start(total, done, { detail });
  start();
  return {
    show: (nowDone, nowTotal, nowDetail) => {
      [done, total, detail] = [nowDone, nowTotal, nowDetail];
      bar.setTotal(total);
      bar.update(done, { detail });
    },
    stop: () => bar.stop(),
    resume: start,
  };
}

const RESULTS = { different: 'DIFFERENT', unknown: 'UNKNOWN', repaired: 'REPAIRED' } as const;

/** `shop/orders shard 3: DIFFERENT: …`. */
export function describeFinding({ database, collection, shardIndex, result, detail }: CheckFinding): string {
  const name = collection === '' ? database : `${database}/${collection}`;
  const shard = shardIndex === undefined ? '' : ` shard ${shardIndex}`;
  return `${name}${shard}: ${RESULTS[result]}${detail === '' ? '' : `: ${detail}`}`;
}

/** How it came out, in a sentence. */
export function describeCounts({ compared, equal, different, unknown, repaired }: CheckCounts): string {
  const parts = [`${equal} equal`];
  if (repaired > 0) parts.push(`${repaired} repaired`);
  if (different > 0) parts.push(`${different} different`);
  if (unknown > 0) parts.push(`${unknown} unknown`);
  return `Compared ${compared} shards: ${parts.join(', ')}.`;
}
