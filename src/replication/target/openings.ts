import { ArangoError, ArangoUnreachable } from '../arango.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { meaningOfThrown } from './error-meaning.ts';
import { Gate } from './gate.ts';

/** Pause after the target could not be asked; doubles while that lasts. */
const OUTAGE_FIRST_MS = 200;
const OUTAGE_MAX_MS = 15_000;

/** The target as a whole cannot be asked: no shard of it is to blame, and none will fare better than the others. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ArangoUnreachable) return true;
  return error instanceof ArangoError && (error.status === 401 || meaningOfThrown(error) === 'unavailable');
}

/**
 * Lets the shards of a worker open their streams in order of arrival, so many at once, so that thousands that begin
 * together leave room for everything else that the worker has to do in time. While the target cannot be asked, that is one
 * condition of the worker: told once, and tried again with longer and longer pauses by those whose turn it is.
 */
export class Openings {
  readonly #gate: Gate;
  readonly #copies: Gate;
  readonly #environment: Environment;
  #failures = 0;
  #pauseUntil = -Infinity;
  #told: string | undefined;

  constructor(limits: Pick<TargetLimits, 'openingsAtOnce' | 'copiesAtOnce'>, environment: Environment) {
    this.#gate = new Gate(limits.openingsAtOnce);
    this.#copies = new Gate(limits.copiesAtOnce);
    this.#environment = environment;
  }

  /** Resolves with what gives the place back. `onWait` is told when others are first. */
  async enter(signal: AbortSignal, onWait: (reason: string) => void): Promise<() => void> {
    if (this.#gate.isFull) onWait(`its turn comes: ${this.#gate.places} shards open their streams at once`);
    const leave = await this.#gate.enter(signal);
    try {
      await this.#pauseOver(signal, onWait);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  get mayCopyAtOnce(): boolean {
    return !this.#copies.isFull;
  }

  /** A place among those that are copied. */
  enterCopy(signal: AbortSignal, onWait: (reason: string) => void): Promise<() => void> {
    if (this.#copies.isFull) onWait(`its turn comes: ${this.#copies.places} shards are copied at once`);
    return this.#copies.enter(signal);
  }

  /** An opening failed; one that failed together with others counts with them. */
  failed(error: unknown): void {
    const now = this.#environment.now();
    if (!isOutage(error) || now < this.#pauseUntil) return;
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.#told) this.#environment.log.warn('the target cannot be asked: no shard opens', { reason: text });
    this.#told = text;
    this.#pauseUntil = now + Math.min(OUTAGE_MAX_MS, OUTAGE_FIRST_MS * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
  }

  succeeded(): void {
    if (this.#told !== undefined) this.#environment.log.info('the target can be asked again');
    this.#told = undefined;
    this.#failures = 0;
    this.#pauseUntil = -Infinity;
  }

  async #pauseOver(signal: AbortSignal, onWait: (reason: string) => void): Promise<void> {
    for (;;) {
      const restMs = this.#pauseUntil - this.#environment.now();
      if (restMs <= 0) return;
      onWait('the target answers no shard at this moment');
      await this.#environment.sleep(restMs, signal);
      signal.throwIfAborted();
    }
  }
}
