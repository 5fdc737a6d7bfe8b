import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinedArray } from '../../src/replication/json-array.ts';
import { operationsOf } from '../../src/replication/target/lines.ts';

const document = fc.record({ _key: fc.stringMatching(/^[a-z0-9]{1,8}$/), text: fc.string() });
/** What lies between two items in memory; none: they lie in pieces of their own. */
const gap = fc.constantFrom('\n', '\n+', ', ', ',', '\n\n', ' , ', undefined);

test('gives the items in their order, whatever lies between them in memory', () => {
  const items = fc.array(fc.record({ document, gap }), { maxLength: 40 });
  fc.assert(
    fc.property(items, (wanted) => {
      const array = joinedArray(
        inMemory(wanted.map((item) => ({ text: JSON.stringify(item.document), gap: item.gap }))),
      );
      expect(JSON.parse(array.toString())).toEqual(wanted.map((item) => item.document));
    }),
  );
});

test('leaves the body of a frame as it was', () => {
  const body = Buffer.from('+{"_key":"a","_rev":"_kEJrpFq--A"}\n+{"_key":"b","_rev":"_kEJrpFq--B"}\n');
  const before = Buffer.from(body);
  const array = joinedArray(operationsOf(body).map(({ bytes }) => bytes));
  expect(array.toString()).toBe('[{"_key":"a","_rev":"_kEJrpFq--A"}, {"_key":"b","_rev":"_kEJrpFq--B"}]');
  expect(body).toEqual(before);
});

interface Placed {
  readonly text: string;
  readonly gap: string | undefined;
}

function inMemory(items: readonly Placed[]): Uint8Array[] {
  const placed: Uint8Array[] = [];
  for (let from = 0; from < items.length; ) {
    const end = items.findIndex((item, index) => index >= from && item.gap === undefined);
    const together = items.slice(from, end === -1 ? undefined : end + 1);
    placed.push(...side(together));
    from += together.length;
  }
  return placed;
}

function side(items: readonly Placed[]): Uint8Array[] {
  const memory = Buffer.from(items.map((item) => `${item.text}${item.gap ?? ''}`).join(''));
  let at = 0;
  return items.map((item) => {
    const start = at;
    const end = start + Buffer.byteLength(item.text);
    at = end + (item.gap?.length ?? 0);
    return memory.subarray(start, end);
  });
}
