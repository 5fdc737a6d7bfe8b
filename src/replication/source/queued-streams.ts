import type { SenderLink } from '../queue.ts';
import { type Environment, pause } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import type { ShardStream } from './shard-stream.ts';

/** Streams are looked at so often: one that has to wait frees its place at the target soon. */
const LOOK_EVERY_MS = 250;
/** Streams of one frame: well below what a link takes. */
const STREAMS_PER_FRAME_MAX = 5_000;

export interface QueuedStreamsParts {
  readonly link: SenderLink;
  readonly environment: Environment;
  readonly limits: Pick<SourceLimits, 'queuedEveryMs' | 'copiesAtOnce' | 'openingsAtOnce'>;
  /** Streams of the link for which nothing was sent yet, and those that a limit holds back. */
  readonly waiting: () => Iterable<ShardStream>;
}

/**
 * Tells the target which of its streams wait for their turn at this worker, one frame for all (S20): else it would take
 * them for unanswered, open them again, and put them behind all others. One that is held back in the middle is told only
 * after a while without a frame of it.
 */
export async function tellQueued(parts: QueuedStreamsParts, signal: AbortSignal): Promise<void> {
  const { environment, limits, link, waiting } = parts;
  const turn = `the source sends ${limits.copiesAtOnce} snapshots at once, and opens ${limits.openingsAtOnce} streams`;
  let told = new Map<string, number>();
  for (;;) {
    await pause(environment, LOOK_EVERY_MS, signal);
    const now = environment.now();
    const still = new Map<string, number>();
    const news = new Map<string, string[]>();
    for (const { open, heldBecause, lastPushAt } of waiting()) {
      // One that opens within a look needs no word.
      const first = lastPushAt ?? now - limits.queuedEveryMs + LOOK_EVERY_MS;
      const since = Math.max(lastPushAt ?? 0, told.get(open.stream) ?? first);
      const isDue = now - since >= limits.queuedEveryMs;
      still.set(open.stream, isDue ? now : since);
      if (!isDue) continue;
      const reason = lastPushAt === undefined ? turn : (heldBecause ?? turn);
      const same = news.get(reason) ?? [];
      news.set(reason, same);
      same.push(open.stream);
    }
    told = still;
    for (const [reason, streams] of news) push(link, streams, reason);
  }
}

function push(link: SenderLink, all: readonly string[], reason: string): void {
  for (let at = 0; at < all.length && !link.closed.aborted; at += STREAMS_PER_FRAME_MAX) {
    const streams = all.slice(at, at + STREAMS_PER_FRAME_MAX);
    link.push({ header: { kind: 'queued', streams, reason }, body: new Uint8Array(0) });
  }
}
