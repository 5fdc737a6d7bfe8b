import type { Logger } from '../src/adapters/logging/logger.ts';
import type { Reloadable } from './reloadable-options.ts';

/** One thing that is read again on SIGHUP. */
export interface Reload {
  readonly flag: string;
  /** Reads it and puts it into use; throws what is wrong with it. */
  readonly apply: () => Promise<void>;
}

export function reloadOf<T>(option: Reloadable<T>, use: (value: T) => Promise<void>): Reload {
  return { flag: option.flag, apply: async () => use(option.again()) };
}

/**
 * Reads everything again on SIGHUP, one after the other; what cannot be used is told, and the one before stays in use. A
 * signal that comes before `reloads` is known counts when it is. Returns what ends it.
 */
export function reloadOnHangUp(reloads: Promise<readonly Reload[]>, log: Logger): () => void {
  let turn: Promise<void> = Promise.resolve();
  const onHangUp = () => {
    turn = turn.then(() => reloadAll(reloads, log)).catch(() => undefined);
  };
  process.on('SIGHUP', onHangUp);
  return () => void process.off('SIGHUP', onHangUp);
}

async function reloadAll(reloads: Promise<readonly Reload[]>, log: Logger): Promise<void> {
  for (const { flag, apply } of await reloads) {
    try {
      await apply();
      log.info(`${flag} was read again`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error(`${flag}: ${why}; the one before stays in use`);
    }
  }
}
