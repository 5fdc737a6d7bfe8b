import { z } from 'zod';
import type { NamedSchema } from './operation.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a document keeps the schema `name`. */
export function referenceTo(name: string): { readonly $ref: string } {
  return { $ref: uriOf(name) };
}

/**
 * The JSON schemas of what crosses the wire, by name: `input` as a caller may send it, `output` as it is answered. Throws
 * when two different schemas have the same name.
 */
export function componentsOf(schemas: readonly NamedSchema[], io: 'input' | 'output'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const { name, schema } of schemas) if (registry.get(schema)?.id !== name) registry.add(schema, { id: name });
  const made = z.toJSONSchema(registry, { io, uri: uriOf });
  const entries = Object.entries(made.schemas).map(([name, { $schema: _dialect, $id: _uri, ...schema }]) => [
    name,
    schema,
  ]);
  return Object.fromEntries(entries);
}

function uriOf(name: string): string {
  return `#/components/schemas/${name}`;
}
