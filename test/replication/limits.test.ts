import { afterEach, expect, test } from 'vitest';
import type { ShardReport } from '../../src/wire/worker.ts';
import { Following } from './support/follow.ts';

const KIB = 1024;
/** Far more than the limit lets through while a test lasts. */
const MANY = 20_000;
const SLOW = { bytesPerS: 64 * KIB };
/** From then on a shard would be taken for dead. */
const SILENT_MS = 5_000;

let pair: Following | undefined;
afterEach(async () => {
  await pair?.stop();
  pair = undefined;
});

const documents = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, text: 'x'.repeat(100) }));

const bytesOf = ({ copy }: ShardReport) => (copy?.state === 'copying' ? copy.bytes : 0);

/** Streams that were opened, by channel. */
const reopened = (log: readonly { readonly message: string; readonly fields: object }[]) =>
  log.filter(({ message }) => message.includes('opens its stream again')).map(({ fields }) => JSON.stringify(fields));

test.each(['sourceRead', 'targetWrite'] as const)(
  'S7: a copy that is held to a limit of the %s keeps no other shard waiting, and goes on at once without it',
  async (limit) => {
    const both = await Following.start({ queuedEveryMs: 300 }, ['c', 'large']);
    pair = both;
    await both.source.write('c', documents(10));
    await both.source.write('large', documents(MANY));
    both.source.engine.setReadLimit(limit === 'sourceRead' ? SLOW : {});
    const began = Date.now();
    const { log } = await both.follow('epoch-1', { messageTimeoutMs: SILENT_MS }, { [limit]: SLOW });
    await both.equal('c');
    await both.running(({ documentsCopied }) => documentsCopied > 500, 'large');
    for (let time = 0; time < 5; time += 1) {
      await both.source.write('c', documents(1, 100 + time));
      await both.equal('c');
    }
    // Longer than shards may be silent: being held back is not silence.
    const report = await both.running((each) => bytesOf(each) > (SILENT_MS / 1_000 + 2) * SLOW.bytesPerS, 'large');
    const seconds = (Date.now() - began) / 1_000;
    expect(report).toMatchObject({ status: 'initial-sync', copy: { state: 'copying', isTotalKnown: true } });
    expect(bytesOf(report)).toBeLessThan((seconds + 2) * SLOW.bytesPerS);
    expect(reopened(log)).toEqual([]);
    await both.throttle({});
    expect(await both.equal('large')).toMatchObject({ way: 'copy', documentsCopied: MANY });
    expect(reopened(log)).toEqual([]);
  },
);

test('S7: a stream that is held to a limit of its source is not taken for dead', async () => {
  const both = await Following.start({ queuedEveryMs: 300 });
  pair = both;
  await both.source.write('c', documents(10));
  const { log } = await both.follow('epoch-1', { messageTimeoutMs: SILENT_MS });
  await both.equal();
  await both.isOnFloor();
  await both.throttle({ sourceRead: SLOW });
  const began = Date.now();
  // Passes at once, and then is waited for, some seven seconds long.
  await both.source.write('c', [{ _key: 'large', text: 'x'.repeat((SILENT_MS / 1_000 + 2) * SLOW.bytesPerS) }]);
  await both.running(({ operationsApplied }) => operationsApplied === 1);
  await both.source.write('c', documents(1, 5_000));
  await both.running(({ operationsApplied }) => operationsApplied === 2);
  expect(Date.now() - began).toBeGreaterThan(SILENT_MS + 1_000);
  expect(reopened(log)).toEqual([]);
  await both.throttle({});
  await both.equal();
});

test('S7: what is written to the target goes log first, and the copy goes on all the same', async () => {
  const both = await Following.start({}, ['c', 'large']);
  pair = both;
  await both.source.write('c', documents(10));
  await both.source.write('large', documents(MANY));
  await both.follow('epoch-1', {}, { targetWrite: SLOW });
  await both.equal('c');
  const { documentsCopied: before } = await both.running(({ documentsCopied }) => documentsCopied > 500, 'large');
  // More than the limit lets through by itself: the log alone would take all of it.
  await both.source.write('c', documents(1_500, 1_000));
  await both.running(({ operationsApplied }) => operationsApplied >= 1_500, 'c');
  const { documentsCopied: after } = await both.running(({ status }) => status === 'initial-sync', 'large');
  expect(after - before).toBeLessThan(1_500);
  await both.running(({ documentsCopied }) => documentsCopied > after, 'large');
  await both.throttle({});
  await both.equal('large');
  await both.equal('c');
});

test('S7: a check that reads documents is held to the limit of the source, and the log goes on meanwhile', async () => {
  const both = await Following.start();
  pair = both;
  await both.source.write('c', documents(4_000));
  await both.follow();
  await both.equal();
  await both.throttle({ sourceRead: SLOW });
  const began = Date.now();
  let isChecked = false;
  const checked = both.check({ deep: true }).finally(() => {
    isChecked = true;
  });
  for (let time = 0; time < 5; time += 1) {
    await both.source.write('c', documents(1, 100_000 + time));
    await both.equal('c');
    // Nothing of the log waits for the end of the check.
    expect(isChecked).toBe(false);
  }
  expect(await checked).toMatchObject({ state: 'equal' });
  // Some 140 bytes a document, and as much as passes at once.
  expect(Date.now() - began).toBeGreaterThan(((4_000 * 140) / SLOW.bytesPerS - 2) * 1_000);
});
