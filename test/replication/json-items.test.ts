import fc from 'fast-check';
import { expect, test } from 'vitest';
import { itemsOf } from '../../src/replication/json-items.ts';

const texts = (body: string) => itemsOf(Buffer.from(body)).map((item) => item.toString('utf8'));

test('the items are the texts that stand in the array', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom('', ' ', '\n\t'), (values, space) => {
      const items = values.map((value) => JSON.stringify(value));
      expect(texts(`${space}[${space}${items.join(`${space},${space}`)}${space}]`).map((text) => text.trim())).toEqual(
        items,
      );
    }),
  );
});

test('numbers stay as they are written, and brackets in texts are no brackets', () => {
  expect(texts('[{"n":1.0,"big":12345678901234567890},{"t":"\\"}],[\\\\"}]')).toEqual([
    '{"n":1.0,"big":12345678901234567890}',
    '{"t":"\\"}],[\\\\"}',
  ]);
});

test('what is no array, or is cut, is refused', () => {
  for (const body of ['', '{}', '[', '[{"a":1}', '[{"a":1},', '[{"a"', '["x'])
    expect(() => texts(body)).toThrow(/array/);
});
