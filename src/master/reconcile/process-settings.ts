import type { Command } from '../../domain/decide.ts';
import type { Core } from './core.ts';

/**
 * Brings options of the leading process into the log: what workers are told follows from the log alone, and a master that
 * was started with other options changes it for all to see.
 */
export class ProcessSettingsReconciler {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether the log says something else. */
  get isDue(): boolean {
    return this.#next() !== undefined;
  }

  async step(signal: AbortSignal): Promise<void> {
    const next = this.#next();
    if (next !== undefined) await this.#core.desk.internal(next.command, next.cause, signal);
  }

  #next(): { readonly command: Command; readonly cause: string } | undefined {
    const { control, settings } = this.#core;
    const known = control.state.settings;
    const { excludeRootUser: excluded = false, replicationFactor: { min, max } = {} } = settings;
    if (known.excludeRootUser !== excluded) {
      const cause = 'option --cluster.exclude-root-user';
      return { command: { kind: 'set-root-user-exclusion', excluded }, cause };
    }
    if (known.replicationFactor?.min === min && known.replicationFactor?.max === max) return undefined;
    const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
    const cause = 'options --cluster.min-replication-factor and --cluster.max-replication-factor';
    return { command: { kind: 'bound-replication-factor', ...bounds }, cause };
  }
}
