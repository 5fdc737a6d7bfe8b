import { describe, expect, test } from 'vitest';
import { HybridClock } from '../../../../src/adapters/embedded/engine/clock.ts';
import {
  encodeRevision,
  parseRevision,
  printRevision,
  revisionFrom,
  revisionValue,
  writeRevision,
} from '../../../../src/adapters/embedded/engine/revision.ts';

const vectors: [ms: bigint, counter: bigint, value: bigint, text: string][] = [
  [1609459200000n, 0n, 1687640290099200000n, '_bpq8a-----'],
  [1700000000000n, 0n, 1782579200000000000n, '_g69jY-----'],
  [1700000000000n, 5n, 1782579200000000005n, '_g69jY----D'],
  [1754006400123n, 1n, 1839209015015374849n, '_kEJrpFq--_'],
  [1534960539537n, 0n, 1609522782705549312n, '_XUJFD3C---'],
  [1646826608809n, 6n, 1726822858158505990n, '_d04B0Ii--E'],
];

function decode(text: string): bigint {
  const { high, low } = parseRevision(text);
  return revisionValue(high, low);
}

describe('revisions (5.8.4)', () => {
  test.each(vectors)('%d·2^20+%d = %d is %s', (ms, counter, value, text) => {
    expect(ms * 2n ** 20n + counter).toBe(value);
    const { high, low } = revisionFrom(value);
    expect(encodeRevision(high, low)).toBe(text);
    const target = Buffer.alloc(11);
    expect(writeRevision(high, low, target, 0)).toBe(true);
    expect(target.toString()).toBe(text);
    expect(decode(text)).toBe(value);
  });

  test('0 is the empty text, the largest value N9999999999', () => {
    expect(encodeRevision(0, 0)).toBe('');
    expect(decode('')).toBe(0n);
    expect(encodeRevision(-1, -1)).toBe('N9999999999');
    expect(decode('N9999999999')).toBe(2n ** 64n - 1n);
  });

  test('a text that starts with a digit is decimal, rubbish the largest value', () => {
    expect(decode('1234')).toBe(1234n);
    for (const rubbish of ['12x4', 'ä', 'O9999999999', '_g69jY-----x', '99999999999999999999999', 'a b']) {
      expect(decode(rubbish), rubbish).toBe(2n ** 64n - 1n);
    }
  });

  test('small values print as decimal, larger ones encoded', () => {
    const print = (value: bigint) => {
      const { high, low } = revisionFrom(value);
      return printRevision(high, low);
    };
    expect(print(1450656000000n)).toBe('1450656000000');
    expect(print(1450656000001n)).toBe(encodeRevision(337, revisionFrom(1450656000001n).low));
    expect(print(70040n)).toBe('70040');
  });
});

describe('hybrid clock', () => {
  test('the first revision of a millisecond has counter 0, later ones rise', () => {
    let now = 1700000000000;
    const clock = new HybridClock(() => now);
    expect([clock.next(), clock.next(), clock.next()]).toEqual(['_g69jY-----', '_g69jY----_', '_g69jY----A']);
    now += 1;
    expect(decode(clock.next())).toBe(1700000000001n << 20n);
    now -= 1000;
    expect(decode(clock.next())).toBe((1700000000001n << 20n) + 1n);
  });

  test('counter overflow goes on into the milliseconds', () => {
    const clock = new HybridClock(() => 1700000000000);
    clock.adopt(encodeRevision(revisionFrom((1700004095999n << 20n) + 0xfffffn).high, -1));
    const adopted = revisionValue(clock.high, clock.low);
    expect(decode(clock.next())).toBe(adopted + 1n);
  });

  test('adopts what is ahead, but neither rubbish nor the far future', () => {
    const clock = new HybridClock(() => 1700000000000);
    const ahead = (1700000060000n << 20n) + 7n;
    const { high, low } = revisionFrom(ahead);
    clock.adopt(encodeRevision(high, low));
    expect(decode(clock.next())).toBe(ahead + 1n);
    for (const text of ['rubbish!', 'N9999999999', '_g69jY-----', '5']) clock.adopt(text);
    expect(decode(clock.next())).toBe(ahead + 2n);
  });
});
