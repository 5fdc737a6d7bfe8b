import type { Master } from '../../../src/master/master.ts';
import type { ComparisonRequest, ComparisonResult } from '../../../src/wire/comparisons.ts';

type Answer = Omit<ComparisonResult, 'id' | 'taskId'>;
export type HowToAnswer = (request: ComparisonRequest) => Answer | undefined;

/** The worker of the target as far as it compares: it asks what is wanted again and again, and answers as it is told to. */
export class ComparingWorker {
  /** Each request once: of shards, and of all else. */
  readonly asked: ComparisonRequest[] = [];
  readonly askedRest: ComparisonRequest[] = [];
  #ofShards: HowToAnswer = () => undefined;
  #ofRest: HowToAnswer = () => ({ state: 'equal' });
  readonly #stop = new AbortController();
  readonly #asking: Promise<void>;

  constructor(leader: Master, workerId: string, signal: AbortSignal) {
    this.#asking = this.#ask(leader, workerId, signal);
  }

  /** Undefined: it has nothing to say yet. Of structure and users it says that they are equal, unless told otherwise. */
  answer(ofShards: HowToAnswer, ofRest: HowToAnswer = () => ({ state: 'equal' })): void {
    [this.#ofShards, this.#ofRest] = [ofShards, ofRest];
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#asking;
  }

  async #ask(leader: Master, workerId: string, signal: AbortSignal): Promise<void> {
    let results: ComparisonResult[] = [];
    let after: string | undefined;
    while (!this.#stop.signal.aborted) {
      const report = { results, ...(after === undefined ? {} : { after }) };
      const told = await leader.verification.comparisons(workerId, report, 20, signal);
      after = told.version;
      results = told.requests.flatMap((request) => {
        const all = request.shard === undefined ? this.askedRest : this.asked;
        if (!all.some(({ id }) => id === request.id)) all.push(request);
        const found = request.shard === undefined ? this.#ofRest(request) : this.#ofShards(request);
        return found === undefined ? [] : [{ id: request.id, taskId: request.taskId, ...found }];
      });
    }
  }
}
