import type { Logger } from '../../master/logger.ts';
import type { Answered } from './app.ts';

/** Lines about strangers in a minute: whoever tries passwords must not fill the disk. */
export const STRANGERS_PER_MINUTE_MAX = 20;
const MINUTE_MS = 60_000;

/** Requests that nobody was recognised behind (401) go to the log output only: what anybody can do is no event. */
export class StrangerLog {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  #minuteBeganMs = -Infinity;
  #inMinute = 0;
  #untold = 0;

  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  answered({ status, method, route, address }: Answered): void {
    if (status !== 401) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#minuteBeganMs >= MINUTE_MS) [this.#minuteBeganMs, this.#inMinute] = [nowMs, 0];
    if (this.#inMinute >= STRANGERS_PER_MINUTE_MAX) {
      this.#untold += 1;
      return;
    }
    this.#inMinute += 1;
    const from = address ?? 'an unknown address';
    const before = this.#untold === 0 ? '' : `; ${this.#untold} more before it`;
    this.#untold = 0;
    this.#logger.warn(`${method} ${route} from ${from} was refused: nobody was recognised${before}`);
  }
}
