/**
 * Turns many single questions into few requests: what comes in while a request runs goes out together with the next.
 * `work` answers in the order of its items; when it throws, each of them fails with its error.
 */
export class Batcher<In, Out> {
  readonly #work: (items: readonly In[]) => Promise<readonly Out[]>;
  readonly #most: number;
  #waiting: { readonly item: In; readonly answer: PromiseWithResolvers<Out> }[] = [];
  #running = false;

  constructor(most: number, work: (items: readonly In[]) => Promise<readonly Out[]>) {
    this.#most = most;
    this.#work = work;
  }

  add(item: In): Promise<Out> {
    const answer = Promise.withResolvers<Out>();
    this.#waiting.push({ item, answer });
    if (!this.#running) {
      this.#running = true;
      setImmediate(() => void this.#run());
    }
    return answer.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#most);
      this.#waiting = this.#waiting.slice(this.#most);
      try {
        const answers = await this.#work(batch.map(({ item }) => item));
        for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index] as Out);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    this.#running = false;
  }
}
