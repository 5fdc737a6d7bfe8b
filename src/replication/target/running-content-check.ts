import { ContentCheck, type ContentCheckOptions } from './content-check.ts';
import type { FoundDocuments } from './found-documents.ts';
import type { ShardCheck } from './shard-check.ts';
import { NotTold } from './told-answers.ts';

/** A target that moves a leader, or does not answer for a moment, makes no shard unknown. */
const ATTEMPTS_MAX = 3;
const AGAIN_MS = 1_000;

/** Compares one shard by key and content, as long as its stream goes on and somebody wants to know. */
export class RunningContentCheck {
  readonly #check: ShardCheck;
  readonly #options: Omit<ContentCheckOptions, 'onCompared' | 'onWait'>;
  /** Told why the shard is to be caught up with. */
  readonly #onRepair: (reason: string) => void;
  #running: { readonly id: string; readonly stop: AbortController } | undefined;

  constructor(
    check: ShardCheck,
    options: Omit<ContentCheckOptions, 'onCompared' | 'onWait'>,
    onRepair: (reason: string) => void,
  ) {
    this.#check = check;
    this.#options = options;
    this.#onRepair = onRepair;
  }

  /** Begins for a request, once; another one, or none, ends what is under way. */
  follow(id: string | undefined): void {
    if (id === this.#running?.id) return;
    this.#running?.stop.abort(new Error('nobody wants to know any longer'));
    this.#running = undefined;
    if (id === undefined) return;
    const stop = new AbortController();
    this.#running = { id, stop };
    void this.#run(stop.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        const because = this.#check.contentsFound(await this.#compare(signal));
        if (because !== undefined) this.#onRepair(because);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof NotTold || attempt === ATTEMPTS_MAX) {
          this.#check.untold(error instanceof Error ? error.message : String(error));
          return;
        }
        await this.#options.environment.sleep(AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  async #compare(signal: AbortSignal): Promise<FoundDocuments> {
    const check = this.#check;
    const found = await new ContentCheck({
      ...this.#options,
      onCompared: (source, target) => signal.aborted || check.looked({ source, target }),
      onWait: (reason) => signal.aborted || check.looked({ reason }),
    }).run(signal);
    signal.throwIfAborted();
    return found;
  }
}
