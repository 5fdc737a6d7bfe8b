import { type ChainFinding, headOf } from './chain.ts';
import type { Commit, EventLog, Head } from './log.ts';
import { LogCorrupt } from './log-errors.ts';

/** A log whose stored commits can be counted, reachable or not: a database's, or a file's. */
export interface CountableLog extends Pick<EventLog, 'read'> {
  count(signal?: AbortSignal): Promise<number>;
}

export interface LogReport {
  /** Commits that were read and found whole. */
  readonly commits: number;
  readonly events: number;
  /** Position of the first commit that is kept. */
  readonly first: number;
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
  /** Gets every commit that is whole, in order. */
  take: (commits: readonly Commit[]) => void = () => undefined,
): Promise<LogReport> {
  const reading = new Reading(new Map(remembered.map(({ position, hash }) => [position, hash])), take);
  const broken = await readAll(log, reading, signal);
  const { commits, events, head, first } = reading;
  const atTheEnd = broken === undefined ? await unreached(log, commits, head, signal) : [broken];
  const findings = [...reading.findings, ...atTheEnd, ...(broken === undefined ? cutTail(remembered, head) : [])];
  return { commits, events, first, head, findings: findings.filter(({ position }) => position >= first) };
}

/** What was read so far. */
class Reading {
  readonly findings: ChainFinding[] = [];
  readonly #remembered: ReadonlyMap<number, string>;
  readonly #pass: (commits: readonly Commit[]) => void;
  commits = 0;
  events = 0;
  /** Position of the first commit that is kept. */
  first = 1;
  head: Head = { position: 0, hash: '' };

  constructor(remembered: ReadonlyMap<number, string>, pass: (commits: readonly Commit[]) => void) {
    this.#remembered = remembered;
    this.#pass = pass;
  }

  take(commits: readonly Commit[]): void {
    for (const commit of commits) this.#count(commit);
    this.#pass(commits);
  }

  #count(commit: Commit): void {
    if (this.commits === 0) this.first = commit.position;
    const other = this.#remembered.get(commit.position);
    if (other !== undefined && other !== commit.hash) this.findings.push(otherHistory(commit.position));
    this.commits += 1;
    this.events += commit.events.length;
    this.head = headOf(commit);
  }
}

/** Reads to the end, or to the first commit that is not whole: up to that one it goes step by step. */
async function readAll(log: CountableLog, reading: Reading, signal?: AbortSignal): Promise<ChainFinding | undefined> {
  let limit = VERIFY_LIMIT;
  for (;;) {
    try {
      const part = await log.read(reading.head, limit, signal);
      if (part.length === 0) return undefined;
      reading.take(part);
    } catch (error) {
      if (!(error instanceof LogCorrupt)) throw error;
      if (limit === 1) return error.finding;
      limit = 1;
    }
  }
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
