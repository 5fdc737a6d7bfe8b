import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../e2e/support/eventually.ts';
import type { Pair } from '../e2e/support/pair.ts';
import { type Content, contentOf, differences } from './content.ts';

const SETTLE_MS_MAX = 240_000;
const LOOK_EVERY_MS = 500;
const DIFFERENCES_SHOWN = 12;

/** Waits until both sides hold the same, byte by byte; throws what is different when they do not. */
export async function same(pair: Pair): Promise<Content> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const { source, found } = await compared(pair);
    if (found.length === 0) return source;
    if (performance.now() > deadline) {
      throw new Error(`${found.length} differences, the first: ${found.slice(0, DIFFERENCES_SHOWN).join('\n  ')}`);
    }
    await confirmDrops(pair);
    await sleep(LOOK_EVERY_MS);
  }
}

/** With few collections one dropped database is more than half of all: that waits for an operator's word (S1). */
export async function confirmDrops({ target }: Pair): Promise<void> {
  await eventually('drops confirmed', 60_000, async () => {
    await target.masters.tell({ method: 'POST', path: '/_api/sync/drops/confirm', body: {} });
    return true;
  });
}

async function compared({ source, target }: Pair): Promise<{ source: Content; found: readonly string[] }> {
  const original = await contentOf(source.database, 'source');
  try {
    return { source: original, found: differences(original, await contentOf(target.database, 'target')) };
  } catch (error) {
    // It changes while it is read.
    return {
      source: original,
      found: [`the target cannot be read: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

/** The product has to say so itself, and its logs must be whole. */
export async function confirmed(pair: Pair): Promise<void> {
  const check = await pair.command(['check', 'sync', '--timeout=60s'], pair.target);
  if (check.exit !== 0) throw new Error(`both sides are the same, but check sync says: ${check.output}`);
  for (const side of [pair.source, pair.target]) {
    const verified = await pair.command(['events', 'verify'], side);
    if (verified.exit !== 0) throw new Error(`events verify: ${verified.output}`);
  }
}
