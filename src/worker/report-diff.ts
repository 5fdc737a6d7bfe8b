import type { ShardReport } from '../wire/worker.ts';

/** Lag and time of the last message change all the time, for all shards alike (S20): told at least so often. */
const REFRESH_MS = 10_000;
/** Unless the lag of a shard changed by so much, and by more than a fifth. */
const DELAY_STEP_NS = 1_000_000_000;
/** Smaller changes, but not every flicker, go along with the next reports, for so many shards each time. */
const DELAY_STEP_FINE_NS = 50_000_000;
const REFRESHED_EACH_TIME = 64;

interface Sent {
  readonly report: ShardReport;
  readonly sentMs: number;
}

/** What of the shards' reports is news to the leader. */
export class ReportDiff {
  readonly #sent = new Map<string, Sent>();

  /** Reports that the leader does not have yet, or has too old. */
  news(reports: readonly ShardReport[], nowMs: number): ShardReport[] {
    const news = reports.filter((report) => this.#isNews(report, nowMs));
    const isNews = new Set(news);
    const sentMs = ({ taskId }: ShardReport) => this.#sent.get(taskId)?.sentMs ?? 0;
    const others = reports.filter((report) => !isNews.has(report) && this.#isOld(report));
    others.sort((a, b) => sentMs(a) - sentMs(b));
    return [...news, ...others.slice(0, REFRESHED_EACH_TIME)];
  }

  /** These arrived. */
  sent(reports: readonly ShardReport[], nowMs: number): void {
    for (const report of reports) this.#sent.set(report.taskId, { report, sentMs: nowMs });
  }

  /** Forgets tasks that are not reported any more. */
  keepOnly(reports: readonly ShardReport[]): void {
    const current = new Set(reports.map(({ taskId }) => taskId));
    for (const taskId of this.#sent.keys()) if (!current.has(taskId)) this.#sent.delete(taskId);
  }

  /** Another leader knows nothing of what was sent before. */
  forgetAll(): void {
    this.#sent.clear();
  }

  #isNews(report: ShardReport, nowMs: number): boolean {
    const sent = this.#sent.get(report.taskId);
    if (sent === undefined || !lastsSame(sent.report, report)) return true;
    return nowMs - sent.sentMs >= REFRESH_MS || delayMoved(sent.report.delay, report.delay, DELAY_STEP_NS);
  }

  #isOld({ taskId, delay }: ShardReport): boolean {
    return delayMoved(this.#sent.get(taskId)?.report.delay, delay, DELAY_STEP_FINE_NS);
  }
}

const FLEETING = new Set(['delay', 'logBehindBytes', 'lastMessage']);

/** Asked for every shard each second: nothing is made for it. */
function lastsSame(a: ShardReport, b: ShardReport): boolean {
  return a === b || (hasAllOf(a, b) && hasAllOf(b, a));
}

function hasAllOf(a: ShardReport, b: ShardReport): boolean {
  for (const name in b) {
    if (FLEETING.has(name)) continue;
    const [one, other]: unknown[] = [a[name as keyof ShardReport], b[name as keyof ShardReport]];
    if (one === other) continue;
    if (typeof one !== 'object' || JSON.stringify(one) !== JSON.stringify(other)) return false;
  }
  return true;
}

function delayMoved(before: number | undefined, now: number | undefined, stepNs: number): boolean {
  if (before === undefined || now === undefined) return before !== now;
  const moved = Math.abs(now - before);
  return moved > stepNs && moved > before / 5;
}
