import { afterEach, expect, test } from 'vitest';
import { until } from './source/harness.ts';
import { Following } from './support/follow.ts';

const EACH = 4_000;
/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;
/** Some seconds for all of it: a moment of the copy can be met. */
const SLOWLY = { targetWrite: { bytesPerS: 512 * 1024 } };

let pair: Following | undefined;
afterEach(async () => {
  await pair?.stop();
  pair = undefined;
});

const documents = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${index}`, text: 'x'.repeat(100) }));

test.each([1, 4])(
  'a copy of %d shards that a killed worker leaves at four fifths goes on from there',
  async (shards) => {
    const names = Array.from({ length: shards }, (_, index) => `c${index}`);
    const both = await Following.start({ copyChunkBytes: 32 * 1024 }, names);
    pair = both;
    for (const name of names) await both.source.write(name, documents(EACH));
    const { engine } = await both.follow('epoch-1', { writesInFlight: 1 }, SLOWLY);
    const all = shards * EACH;
    await until('most of the copy', () => {
      const copied = engine.reports().reduce((sum, { documentsCopied }) => sum + documentsCopied, 0);
      return copied >= all * 0.8;
    });
    await both.kill();
    const kept = (await Promise.all(names.map((name) => both.target.count(name)))).reduce(
      (sum, count) => sum + count,
      0,
    );
    expect(kept).toBeGreaterThanOrEqual(all * 0.8);
    expect(kept).toBeLessThan(all);
    await both.follow('epoch-1');
    const after = await Promise.all(names.map((name) => both.equal(name)));
    const moved = after.reduce((sum, { documentsCopied }) => sum + documentsCopied, 0);
    expect(moved).toBe(all - kept);
    expect(moved).toBeLessThanOrEqual(all * 0.25);
    expect(after.map(({ way }) => way)).toContain('difference');
  },
  LONG_MS,
);
