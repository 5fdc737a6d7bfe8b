import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readEvent, readEventBy, type TypeReader } from '../../src/events/read-event.ts';
import { toEvents, vocabulary } from '../../src/events/vocabulary.ts';

const failed = { id: 'e1', type: 'SyncFailed', v: 1, data: { code: 'c', reason: 'r' } };

describe('reading an event', () => {
  it('gives what was decided', () => {
    const [stored] = toEvents([{ type: 'SyncFailed', data: { code: 'c', reason: 'r' } }], () => 'e1');
    expect(stored).toEqual(failed);
    expect(readEvent(failed)).toEqual({
      kind: 'known',
      event: { id: 'e1', type: 'SyncFailed', data: { code: 'c', reason: 'r' } },
    });
  });

  it.each([
    ['an unknown type', { ...failed, type: 'SomethingElse' }, 'not known'],
    ['a type that only objects have', { ...failed, type: 'constructor' }, 'not known'],
    ['a newer version', { ...failed, v: 2 }, 'version 2'],
    ['a version that is none', { ...failed, v: 0.5 }, 'version 0.5'],
    ['data that lacks something', { ...failed, data: { code: 'c' } }, 'malformed'],
    ['data that says more than we know', { ...failed, data: { code: 'c', reason: 'r', more: 1 } }, 'malformed'],
  ])('keeps %s, and says why it is not understood', (_, event, why) => {
    const read = readEvent(event);
    expect(read).toMatchObject({ kind: 'unknown', event });
    expect(read.kind === 'unknown' && read.why).toContain(why);
  });
});

describe('upcasting', () => {
  const types = new Map<string, TypeReader>([
    [
      'SyncFailed',
      {
        name: 'SyncFailed',
        schema: z.strictObject({ code: z.string(), reasons: z.array(z.string()), at: z.string() }),
        upcasters: [
          (data) => {
            const { code, reason } = z.object({ code: z.string(), reason: z.string() }).parse(data);
            return { code, reasons: [reason] };
          },
          (data) => ({ ...(data as object), at: 'unknown' }),
        ],
      },
    ],
  ]);

  it('brings an old event through every version to the newest', () => {
    expect(readEventBy(types, failed)).toMatchObject({ event: { data: { code: 'c', reasons: ['r'], at: 'unknown' } } });
    const second = { ...failed, v: 2, data: { code: 'c', reasons: ['a', 'b'] } };
    expect(readEventBy(types, second)).toMatchObject({ event: { data: { reasons: ['a', 'b'], at: 'unknown' } } });
    const third = { ...failed, v: 3, data: { code: 'c', reasons: [], at: 'now' } };
    expect(readEventBy(types, third)).toMatchObject({ event: { data: third.data } });
  });

  it('does not change what is stored', () => {
    const stored = structuredClone(failed);
    readEventBy(types, stored);
    expect(stored).toEqual(failed);
  });

  it('keeps an event that an upcaster does not understand', () => {
    expect(readEventBy(types, { ...failed, data: 7 })).toMatchObject({ kind: 'unknown', event: { data: 7 } });
  });
});

describe('the vocabulary', () => {
  it('can be compiled, every type of it: one that cannot is read four times slower', () => {
    for (const { schema } of Object.values(vocabulary)) expect(() => z.compile(schema, { strict: true })).not.toThrow();
  });

  it('has no room for secrets: no attribute is named like one', () => {
    const names = Object.values(vocabulary).flatMap(({ schema }) =>
      attributesOf(z.toJSONSchema(schema, { io: 'input' })),
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => /key|token|secret|password|certificate|pem/i.test(name))).toEqual([]);
  });
});

function attributesOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(attributesOf)];
}
