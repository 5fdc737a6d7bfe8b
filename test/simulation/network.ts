import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

/** No connection came about: the other side has seen nothing. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** Time ran out or the connection broke: the other side may have done it, may still do it, or never. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export interface Call<T> {
  readonly from: SimProcess;
  /** Whoever listens at the address when the request arrives. */
  readonly to: () => SimProcess | undefined;
  /** For the trace. */
  readonly what: string;
  /** Runs in the process that listens; its signal fires when the caller has gone. */
  readonly handle: (gone: AbortSignal) => Promise<T>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** A request that may arrive twice: the caller's library sends it again. */
  readonly repeatable: boolean;
  /** Requests that arrive later are lost; default: they arrive however late it is (S4). */
  readonly lifeMs?: number;
}

/** How bad the network is; probabilities of each message. */
export interface Weather {
  readonly lost: number;
  /** Delayed by up to {@link delayMsMax}, which is longer than every lease. */
  readonly delayed: number;
  readonly repeated: number;
}

export const calm: Weather = { lost: 0, delayed: 0, repeated: 0 };
const delayMsMax = 9_000;
const latencyMsMin = 0.2;
const latencyMsMax = 4;

/** Requests and answers between processes: lost, late, repeated, cut off. */
export class Network {
  weather: Weather = calm;
  readonly #world: World;
  /** Pairs that do not reach each other: `a|b`, in both directions. */
  readonly #cut = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Two processes, or two groups of them by a prefix of their names (`a-`, `b-`), do not reach each other any more. */
  cut(one: string, other: string): () => void {
    const key = `${one}|${other}`;
    this.#world.note(`cut ${key}`);
    this.#cut.set(key, (this.#cut.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#cut.get(key) ?? 1) - 1;
      if (left > 0) this.#cut.set(key, left);
      else this.#cut.delete(key);
      this.#world.note(`healed ${key}`);
    };
  }

  /** The answer of `handle`. Rejects with what it rejects with, {@link NotConnected}, {@link NoAnswer}, or the signal's reason. */
  call<T>(call: Call<T>): Promise<T> {
    const { from, signal } = call;
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (from.isDead) return;
      const gone = new Gone();
      let settled = false;
      const settle = (end: () => void) => {
        if (settled) return;
        settled = true;
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        end();
      };
      const leave = (error: unknown) => {
        this.#world.plan(this.#latencyMs(), () => gone.tell());
        reject(error);
      };
      const abort = () => settle(() => leave(signal?.reason));
      const late = () => settle(() => leave(new NoAnswer(`${call.what}: no answer in time`)));
      const timer = this.#world.plan(call.timeoutMs, () => from.enter(late));
      signal?.addEventListener('abort', abort, { once: true });
      const back = (end: () => void) => this.#answer(call, () => from.enter(() => settle(end)));
      const copies = call.repeatable && this.#world.random.chance(this.weather.repeated) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) this.#send(call, gone, resolve, reject, back);
    });
  }

  #send<T>(
    call: Call<T>,
    gone: Gone,
    resolve: (answer: T) => void,
    reject: (error: unknown) => void,
    back: (end: () => void) => void,
  ): void {
    const delayMs = this.#delayMs();
    if (this.#isLost(call, delayMs)) return;
    this.#world.plan(delayMs, () => {
      const to = call.to();
      if (to === undefined || to.isDead) {
        back(() => reject(new NotConnected(`${call.what}: nobody listens`)));
        return;
      }
      if (this.#isCut(call.from, to)) return;
      this.#world.note(`${call.from.name} → ${to.name} ${call.what}`);
      to.enter(() => {
        // A caller that waits for a process that died learns so from the machine it ran on.
        const forget = to.onCrash(() => back(() => reject(new NoAnswer(`${call.what}: the connection broke`))));
        // The answer leaves the process that handled it: one that is frozen or dead by then does not send it.
        const leave = (end: () => void) =>
          to.enter(() => {
            forget();
            back(end);
          });
        call.handle(gone.heardBy(to)).then(
          (answer) => leave(() => resolve(answer)),
          (error) => leave(() => reject(error)),
        );
      });
    });
  }

  #answer<T>(call: Call<T>, arrive: () => void): void {
    const to = call.to();
    if (this.#world.random.chance(this.weather.lost)) return;
    const delayMs = this.#delayMs();
    this.#world.plan(delayMs, () => {
      if (to !== undefined && this.#isCut(call.from, to)) return;
      arrive();
    });
  }

  #isLost(call: Call<unknown>, delayMs: number): boolean {
    return this.#world.random.chance(this.weather.lost) || delayMs > (call.lifeMs ?? Number.POSITIVE_INFINITY);
  }

  #isCut(from: SimProcess, to: SimProcess): boolean {
    if (this.#cut.size === 0) return false;
    for (const key of this.#cut.keys()) {
      const [one = '', other = ''] = key.split('|');
      const forward = from.name.startsWith(one) && to.name.startsWith(other);
      if (forward || (from.name.startsWith(other) && to.name.startsWith(one))) return true;
    }
    return false;
  }

  #delayMs(): number {
    const { random } = this.#world;
    return this.#latencyMs() + (random.chance(this.weather.delayed) ? random.between(0, delayMsMax) : 0);
  }

  #latencyMs(): number {
    return this.#world.random.between(latencyMsMin, latencyMsMax);
  }
}

/** One for all: making one each time costs more than what it interrupts. */
const hasGone = new DOMException('the caller has gone', 'AbortError');

/** The caller does not wait any more: those who handle its request hear of it, each in its own process. */
class Gone {
  readonly #handlers: { readonly process: SimProcess; readonly controller: AbortController }[] = [];

  heardBy(process: SimProcess): AbortSignal {
    const controller = new AbortController();
    this.#handlers.push({ process, controller });
    return controller.signal;
  }

  tell(): void {
    for (const { process, controller } of this.#handlers) process.enter(() => controller.abort(hasGone));
  }
}
