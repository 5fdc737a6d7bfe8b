import { z } from 'zod';
import type { ArangoServer } from './arango.ts';

/** An analyzer of a database of its own, under the name that it has there. */
export const AnalyzerDefinition = z.object({
  name: z.string(),
  type: z.string(),
  properties: z.unknown(),
  features: z.array(z.string()),
});
export type AnalyzerDefinition = z.infer<typeof AnalyzerDefinition>;

/** A view; `properties` without what each server draws for itself. */
export const ViewDefinition = z.object({
  name: z.string(),
  type: z.string(),
  properties: z.record(z.string(), z.unknown()),
});
export type ViewDefinition = z.infer<typeof ViewDefinition>;

const Analyzers = z.object({ result: z.array(AnalyzerDefinition) });
const View = z.looseObject({ name: z.string(), type: z.string() });

/**
 * The analyzers that a database has of its own, by name: built-in ones have no database in front of their name, those of
 * `_system` are listed everywhere (reference 3.4).
 */
export async function readAnalyzers(
  front: ArangoServer,
  database: string,
  signal: AbortSignal,
): Promise<AnalyzerDefinition[]> {
  const { result } = Analyzers.parse(await front.json({ method: 'GET', path: '/_api/analyzer', database, signal }));
  const prefix = `${database}::`;
  return result
    .filter(({ name }) => name.startsWith(prefix))
    .map((analyzer) => ({ ...analyzer, name: analyzer.name.slice(prefix.length) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Views by name, each as its properties tell it. */
export function readViews(
  front: ArangoServer,
  database: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ViewDefinition[]> {
  const read = names.toSorted().map(async (name) => {
    const path = `/_api/view/${encodeURIComponent(name)}/properties`;
    const {
      id: _id,
      globallyUniqueId: _cuid,
      planId: _plan,
      error: _error,
      code: _code,
      ...view
    } = View.parse(await front.json({ method: 'GET', path, database, signal }));
    const { name: _name, type, ...properties } = view;
    return { name, type, properties };
  });
  return Promise.all(read);
}
