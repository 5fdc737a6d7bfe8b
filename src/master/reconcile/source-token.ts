import { z } from 'zod';
import type { SecretStore } from '../../domain/synchronization/secret-store.ts';
import { toMilliseconds } from '../../wire/durations.ts';
import type { OutgoingContact } from '../../wire/outgoing.ts';
import type { Clock } from '../clock.ts';

const StoredToken = z.object({
  /** The source's deployment id: a token of another source is of no use. */
  source: z.string(),
  token: z.string(),
  endpoints: z.array(z.string()),
});
type StoredToken = z.infer<typeof StoredToken>;

export const sourceTokenSecretId = 'source-queue-token';

/**
 * The queue token of the source, kept for the next leader. It is replaced at half its life, not at every contact:
 * workers are told each time.
 */
export class SourceToken {
  readonly #secrets: SecretStore;
  readonly #clock: Clock;
  #held: StoredToken | undefined;
  #renewAtMs = -Infinity;

  constructor(secrets: SecretStore, clock: Clock) {
    this.#secrets = secrets;
    this.#clock = clock;
  }

  of(source: string): StoredToken | undefined {
    return this.#held?.source === source ? this.#held : undefined;
  }

  /** Takes over what the leader before kept, until the first contact brings a fresh one. */
  async load(source: string, signal: AbortSignal): Promise<void> {
    if (this.of(source) !== undefined) return;
    const text = await this.#secrets.get(sourceTokenSecretId, signal);
    const stored = StoredToken.safeParse(text === undefined ? undefined : JSON.parse(text));
    if (stored.success && stored.data.source === source) this.#held = stored.data;
  }

  /** True when what workers are told has changed. */
  async take(contact: OutgoingContact, signal: AbortSignal): Promise<boolean> {
    const held = this.of(contact.deploymentId);
    // The source may have changed the secret that it was made with.
    const isFresh = this.#clock.monotonicMs() < this.#renewAtMs && contact.tokenEnds !== true;
    const sameEndpoints = held?.endpoints.join() === contact.endpoints.join();
    if (held !== undefined && isFresh && sameEndpoints) return false;
    const { deploymentId: source, token, endpoints } = contact;
    await this.#secrets.put(
      sourceTokenSecretId,
      JSON.stringify({ source, token, endpoints } satisfies StoredToken),
      signal,
    );
    this.#held = { source, token, endpoints: [...endpoints] };
    this.#renewAtMs = this.#clock.monotonicMs() + toMilliseconds(contact['token-ttl']) / 2;
    return true;
  }

  /** Forgets it everywhere. */
  async drop(signal: AbortSignal): Promise<void> {
    this.#held = undefined;
    this.#renewAtMs = -Infinity;
    await this.#secrets.delete(sourceTokenSecretId, signal);
  }
}
