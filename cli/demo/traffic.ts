import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'arangojs';

const ROUND_MS = 100;
const PER_ROUND = 50;

export interface Traffic {
  readonly inserted: number;
  readonly updated: number;
  readonly removed: number;
}

/** Inserts, updates and removes flights in rounds until `signal` fires; `progress` gets the sums after each round. */
export async function makeTraffic(
  database: Database,
  flights: number,
  signal: AbortSignal,
  progress: (sums: Traffic) => void,
): Promise<Traffic> {
  const routes = database.collection('routes');
  let sums: Traffic = { inserted: 0, updated: 0, removed: 0 };
  for (let round = 0; !signal.aborted; round++) {
    const numbers = Array.from({ length: PER_ROUND }, (_, index) => round * PER_ROUND + index);
    await routes.saveAll(
      numbers.map((number) => ({
        _key: `new-${number}`,
        _from: 'airports/SFO',
        _to: 'airports/JFK',
        delay: number % 90,
        round,
      })),
      { silent: true },
    );
    await routes.updateAll(
      numbers.map((number) => ({ _key: `f${number % flights}`, delayed: { round, at: new Date().toISOString() } })),
      { silent: true },
    );
    // Every second of the flights inserted in the round before is cancelled.
    const cancelled =
      round === 0 ? [] : numbers.filter((number) => number % 2 === 0).map((number) => `new-${number - PER_ROUND}`);
    if (cancelled.length > 0) await routes.removeAll(cancelled, { silent: true });
    sums = {
      inserted: sums.inserted + numbers.length,
      updated: sums.updated + numbers.length,
      removed: sums.removed + cancelled.length,
    };
    progress(sums);
    await sleep(ROUND_MS, undefined, { signal }).catch(() => {});
  }
  return sums;
}
