import { type ChainFinding, headOf } from './chain.ts';
import type { EventLog, Head } from './log.ts';
import { LogCorrupt } from './log-errors.ts';

/** A log whose stored commits can be counted, reachable or not. */
export interface CountableLog extends EventLog {
  count(signal?: AbortSignal): Promise<number>;
}

export interface LogReport {
  /** Commits that were read and found whole. */
  readonly commits: number;
  readonly events: number;
  /** The last commit that is whole. */
  readonly head: Head;
  /** What is wrong; `[]` when the log is what was written. */
  readonly findings: readonly ChainFinding[];
}

const VERIFY_LIMIT = 256;

/**
 * Reads the whole log and holds it against its chain: a commit that was changed, is missing, or stands in another's
 * place is found. `remembered` are heads that someone else knows (a snapshot, the other datacenter): by them a cut tail
 * shows (S22).
 */
export async function verifyLog(
  log: CountableLog,
  remembered: readonly Head[] = [],
  signal?: AbortSignal,
): Promise<LogReport> {
  const findings: ChainFinding[] = [];
  const awaited = new Map(remembered.map(({ position, hash }) => [position, hash]));
  let [commits, events, first] = [0, 0, 1];
  let head: Head = { position: 0, hash: '' };
  try {
    for (;;) {
      const part = await log.read(head, VERIFY_LIMIT, signal);
      if (commits === 0) first = part[0]?.position ?? 1;
      for (const commit of part) {
        const other = awaited.get(commit.position);
        if (other !== undefined && other !== commit.hash) findings.push(otherHistory(commit.position));
        commits += 1;
        events += commit.events.length;
        head = headOf(commit);
      }
      if (part.length === 0) break;
    }
  } catch (error) {
    if (!(error instanceof LogCorrupt)) throw error;
    return { commits, events, head, findings: [...findings, error.finding] };
  }
  findings.push(...cutTail(remembered, head), ...(await unreached(log, commits, head, signal)));
  const isArchived = (finding: ChainFinding) => finding.position < first;
  return { commits, events, head, findings: findings.filter((finding) => !isArchived(finding)) };
}

function otherHistory(position: number): ChainFinding {
  return { position, problem: 'swapped', detail: 'another commit was remembered at this position' };
}

function cutTail(remembered: readonly Head[], head: Head): readonly ChainFinding[] {
  return remembered
    .filter(({ position }) => position > head.position)
    .map(({ position }) => ({
      position,
      problem: 'missing',
      detail: `it is remembered, the log ends at ${head.position}`,
    }));
}

async function unreached(
  log: CountableLog,
  commits: number,
  head: Head,
  signal?: AbortSignal,
): Promise<readonly ChainFinding[]> {
  const beyond = (await log.count(signal)) - commits;
  if (beyond <= 0 || (await log.read(head, 1, signal)).length > 0) return [];
  const detail = `${beyond} stored commits are not reached: position ${head.position + 1} is missing, or they are strays`;
  return [{ position: head.position + 1, problem: 'outside', detail }];
}
