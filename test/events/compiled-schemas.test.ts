import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { vocabulary } from '../../src/events/vocabulary.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Data that fits a schema, with everything in it that may be there. */
function sampleOf(schema: JsonSchema): unknown {
  const [alternative] = schema.anyOf ?? schema.oneOf ?? [];
  if (alternative !== undefined) return sampleOf(alternative);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, sampleOf(as(inner))]),
      );
    case 'array':
      return Array.isArray(schema.items)
        ? schema.items.map((item) => sampleOf(as(item)))
        : [sampleOf(as(schema.items))];
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      if (schema.format === 'date-time') return '2024-01-01T00:00:00.000Z';
      return 'x'.repeat(Math.max(1, schema.minLength ?? 1));
  }
}

function as(schema: unknown): JsonSchema {
  return typeof schema === 'object' && schema !== null ? (schema as JsonSchema) : {};
}

/** What can be wrong at every place of it: something else there, nothing there, something more. */
function* spoilt(value: unknown): Generator<unknown> {
  yield* [undefined, null, 7, -0.5, '', 'other', true, [], {}];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    for (const other of spoilt(inner)) yield Array.isArray(value) ? [other] : { ...value, [key]: other };
    if (Array.isArray(value)) continue;
    const { [key]: _gone, ...rest } = value as Record<string, unknown>;
    yield rest;
  }
  if (Array.isArray(value)) yield [...value, ...value];
  else yield { ...value, more: 1 };
}

describe('a compiled schema', () => {
  it.each(Object.entries(vocabulary))('of %s tells the same as the schema does', (_, { schema }) => {
    const compiled = z.compile<z.ZodType>(schema, { strict: true });
    const sample = sampleOf(z.toJSONSchema(schema, { io: 'input' }));
    let good = 0;
    for (const data of [sample, ...spoilt(sample)]) {
      const plain = (schema as z.ZodType).safeParse(data);
      const read = compiled.safeParse(data);
      expect(read.success, JSON.stringify(data)).toBe(plain.success);
      expect(read.data).toStrictEqual(plain.data);
      expect(Object.keys(read.data ?? {})).toEqual(Object.keys(plain.data ?? {}));
      expect(read.error?.message).toBe(plain.error?.message);
      if (plain.success) good += 1;
    }
    expect(good).toBeGreaterThan(0);
  });
});
