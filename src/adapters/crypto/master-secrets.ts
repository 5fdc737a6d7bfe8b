import { keyIdOfSecret } from './commit-hasher.ts';

/** A secret that was replaced in its file is accepted for so long: not all processes read theirs at the same moment. */
export const OLD_SECRET_MS = 3_600_000;

/** Master secrets as they were read. */
export interface GivenSecrets {
  /** All are accepted; the first one signs. */
  readonly secrets: readonly string[];
  /** What is not among them is accepted for so long. 0 where they are listed one by one: what is not listed is not wanted. */
  readonly oldForMs: number;
}

interface Held {
  readonly secret: string;
  readonly keyId: string;
  /** By the monotonic clock: given up then; undefined while it was given to us as one to be accepted. */
  readonly untilMs: number | undefined;
}

/**
 * The master secrets that this process accepts. The first one that was given signs; one that was replaced is accepted for
 * a while, because not all processes change at the same moment. Keeps one invariant: the secret that the event log is
 * written under is never given up, however old.
 */
export class MasterSecrets {
  readonly #monotonicMs: () => number;
  #held: readonly Held[];
  #inUse: () => string | undefined = () => undefined;
  #all: readonly string[] = [];
  #sealing: readonly string[] = [];

  /** Throws when there is none, or an empty one. */
  constructor(secrets: readonly string[], monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#held = heldOf(secrets);
  }

  /** Says which key the event log is written under, once that can be said. */
  follow(inUse: () => string | undefined): void {
    this.#inUse = inUse;
  }

  /** All that are accepted, what we sign with first. The same array until something changes. */
  readonly all = (): readonly string[] => {
    this.#all = unlessSame(
      this.#all,
      this.#alive().map(({ secret }) => secret),
    );
    return this.#all;
  };

  /** The same, beginning with the one that the log is written under: for what every process has to read (tokens, secrets at rest). */
  readonly inUseFirst = (): readonly string[] => {
    const inUse = this.#inUse();
    const alive = this.#alive();
    const first = alive.filter(({ keyId }) => keyId === inUse);
    const list = [...first, ...alive.filter((held) => !first.includes(held))].map(({ secret }) => secret);
    this.#sealing = unlessSame(this.#sealing, list);
    return this.#sealing;
  };

  /** Keys of all that are accepted, what we sign with first. */
  keyIds(): readonly string[] {
    return this.#alive().map(({ keyId }) => keyId);
  }

  secretOf(keyId: string): string | undefined {
    return this.#alive().find((held) => held.keyId === keyId)?.secret;
  }

  /** Takes other secrets; those that are not among them are accepted for `oldForMs` more. True when something changed. */
  replace({ secrets, oldForMs }: GivenSecrets): boolean {
    const given = heldOf(secrets);
    const before = this.#alive();
    const left = before.filter(({ keyId }) => !given.some((held) => held.keyId === keyId));
    const untilMs = this.#monotonicMs() + oldForMs;
    this.#held = [...given, ...left.map((held) => ({ ...held, untilMs: held.untilMs ?? untilMs }))];
    return (
      given.some(({ keyId }, index) => before[index]?.keyId !== keyId) ||
      left.some((held) => held.untilMs === undefined)
    );
  }

  #alive(): readonly Held[] {
    const nowMs = this.#monotonicMs();
    const inUse = this.#inUse();
    return this.#held.filter(({ untilMs, keyId }) => untilMs === undefined || nowMs < untilMs || keyId === inUse);
  }
}

function heldOf(secrets: readonly string[]): readonly Held[] {
  if (secrets.length === 0) throw new Error('there is no master secret');
  return [...new Set(secrets)].map((secret) => ({ secret, keyId: keyIdOfSecret(secret), untilMs: undefined }));
}

function unlessSame(before: readonly string[], now: readonly string[]): readonly string[] {
  return before.length === now.length && before.every((text, index) => text === now[index]) ? before : now;
}
