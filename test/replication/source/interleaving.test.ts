import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestSource } from './harness.ts';
import type { Replica } from './replica.ts';

type Step =
  | { readonly kind: 'write'; readonly collection: number; readonly keys: readonly number[]; readonly bytes: number }
  | { readonly kind: 'one'; readonly collection: number; readonly key: number }
  | { readonly kind: 'remove'; readonly collection: number; readonly keys: readonly number[] }
  | { readonly kind: 'transaction'; readonly keys: readonly number[]; readonly bytes: number }
  | { readonly kind: 'hold' | 'let go' | 'verify' | 'open again' | 'copy again'; readonly collection: number }
  | { readonly kind: 'slow own tails' | 'slow shared reader' }
  | { readonly kind: 'restart workers' | 'restart server' | 'lose power' };

type Write = Extract<Step, { kind: 'write' | 'one' | 'remove' | 'transaction' }>;

const NAMES = ['a', 'b', 'c'] as const;
const collection = fc.integer({ min: 0, max: NAMES.length - 1 });
const key = fc.integer({ min: 0, max: 40 });
const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 30 });
const bytes = fc.constantFrom(1, 100, 2_000);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), collection, keys, bytes }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('one' as const), collection, key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), collection, keys }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('transaction' as const), keys, bytes }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('hold', 'let go', 'verify', 'open again', 'copy again'),
      collection,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('slow own tails', 'slow shared reader') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart workers', 'restart server', 'lose power') }) },
);

class Run {
  readonly source: TestSource;
  readonly #replicas: Replica[] = [];
  readonly #writing: Promise<void>[] = [];
  #count = 0;

  constructor(source: TestSource) {
    this.source = source;
  }

  async begin(): Promise<void> {
    for (const name of NAMES) {
      await this.source.createCollection(name);
      await this.source.write(name, this.#documents([1, 2, 3], 10));
      this.#replicas.push(...(await this.source.follow(name, 1, 8 * 1024)));
    }
  }

  #documents(numbers: readonly number[], size: number): object[] {
    return numbers.map((number) => ({ _key: `k${number}`, n: ++this.#count, text: 'x'.repeat(size) }));
  }

  /** Writes go on in the background; the other steps happen in the middle of them. */
  async step(step: Step): Promise<void> {
    if (step.kind === 'write' || step.kind === 'one' || step.kind === 'remove' || step.kind === 'transaction') {
      // What a restart of the server cuts off may have happened or not: the source is the truth.
      this.#writing.push(this.#write(step).catch(() => undefined));
      if (this.#writing.length % 3 === 0) await this.#writing.at(-1);
      return;
    }
    await this.#disturb(step);
  }

  async #disturb(step: Exclude<Step, Write>): Promise<void> {
    const { source } = this;
    switch (step.kind) {
      case 'slow own tails':
      case 'slow shared reader': {
        const path = step.kind === 'slow own tails' ? /wal\/tail.*collection=/ : /wal\/tail.*global=true/;
        source.embedded.control.addFault({ path, count: 4, when: 'after', action: { kind: 'delay', ms: 10 } });
        return;
      }
      case 'restart workers':
        await source.restart();
        for (const replica of this.#replicas) source.receiver.resume(replica);
        return;
      case 'restart server':
      case 'lose power':
        await Promise.all(this.#writing);
        if (step.kind === 'restart server') await source.embedded.control.restart();
        else await source.embedded.control.losePower();
        return;
      default:
        this.#control(step.kind, this.#replica(step.collection));
    }
  }

  async #write(step: Write): Promise<void> {
    const { source } = this;
    switch (step.kind) {
      case 'write':
        return void (await source.write(this.#name(step.collection), this.#documents(step.keys, step.bytes)));
      case 'one':
        return void (await source.writeOne(this.#name(step.collection), { _key: `k${step.key}`, n: ++this.#count }));
      case 'remove':
        return void (await source.remove(
          this.#name(step.collection),
          step.keys.map((number) => `k${number}`),
        ));
      case 'transaction':
        return source.transaction(
          Object.fromEntries(NAMES.map((name) => [name, this.#documents(step.keys, step.bytes)])),
        );
    }
  }

  #control(kind: 'hold' | 'let go' | 'verify' | 'open again' | 'copy again', replica: Replica): void {
    const { receiver } = this.source;
    if (kind === 'hold') receiver.holding.add(replica.channel);
    else if (kind === 'verify') receiver.verify(replica);
    else if (kind === 'open again') receiver.resume(replica);
    else if (kind === 'copy again') receiver.open(replica.channel, { copyBecause: 'the test', credit: 8 * 1024 });
    else {
      receiver.holding.delete(replica.channel);
      receiver.acknowledge(replica);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#writing);
    for (const replica of this.#replicas) this.#control('let go', replica);
    for (const [index, replica] of this.#replicas.entries()) await this.source.equal(replica, this.#name(index));
    expect(this.#replicas.flatMap(({ errors }) => errors)).toEqual([]);
  }

  #name(index: number): string {
    return NAMES[index] ?? 'a';
  }

  #replica(index: number): Replica {
    const replica = this.#replicas[index];
    if (replica === undefined) throw new Error('no replica');
    return replica;
  }
}

test('whatever happens, what the frames say is what the source holds: no gap, no repeat, no disorder', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const limits = {
        tailChunkBytes: 16 * 1024,
        copyChunkBytes: 16 * 1024,
        frameBytes: 2 * 1024,
        joinBufferBytes: 8 * 1024,
      };
      const run = new Run(await TestSource.start({ mode: 'single' }, limits));
      try {
        await run.begin();
        for (const one of steps) await run.step(one);
        await run.end();
      } finally {
        await run.source.stop();
      }
    }),
    {
      numRuns: Number(process.env.RUNS ?? 40),
      ...(process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }),
    },
  );
}, 240_000);
