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
  /** Streams of the link for which nothing was sent yet. */
  readonly unopened: () => Iterable<ShardStream>;
}

/**
 * Tells the target which of its streams wait for their turn at this worker, one frame for all (S20): else it would take
 * them for unanswered, open them again, and put them behind all others.
 */
export async function tellQueued(parts: QueuedStreamsParts, signal: AbortSignal): Promise<void> {
  const { environment, limits, link, unopened } = parts;
  const reason = `the source sends ${limits.copiesAtOnce} snapshots at once, and opens ${limits.openingsAtOnce} streams`;
  let told = new Map<string, number>();
  for (;;) {
    await pause(environment, LOOK_EVERY_MS, signal);
    const now = environment.now();
    const still = new Map<string, number>();
    const news: string[] = [];
    for (const { open } of unopened()) {
      // One that opens within a look needs no word.
      const since = told.get(open.stream) ?? now - limits.queuedEveryMs + LOOK_EVERY_MS;
      const isDue = now - since >= limits.queuedEveryMs;
      still.set(open.stream, isDue ? now : since);
      if (isDue) news.push(open.stream);
    }
    told = still;
    for (let at = 0; at < news.length && !link.closed.aborted; at += STREAMS_PER_FRAME_MAX) {
      const streams = news.slice(at, at + STREAMS_PER_FRAME_MAX);
      link.push({ header: { kind: 'queued', streams, reason }, body: new Uint8Array(0) });
    }
  }
}
