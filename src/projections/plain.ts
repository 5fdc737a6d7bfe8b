import { byText } from '../domain/collections.ts';

/** A state as plain JSON, to be shown: maps become objects in the order of their keys. */
export function plainJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plainJson);
  const entries =
    value instanceof Map ? [...value].map(([key, inner]) => [String(key), inner] as const) : Object.entries(value);
  return Object.fromEntries(
    entries
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => byText(a, b))
      .map(([key, inner]) => [key, plainJson(inner)]),
  );
}
