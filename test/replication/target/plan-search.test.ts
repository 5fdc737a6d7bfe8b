import { describe, expect, test } from 'vitest';
import type { Inventory } from '../../../src/replication/inventory.ts';
import type { AnalyzerDefinition, ViewDefinition } from '../../../src/replication/search-definitions.ts';
import { describeSearchStep } from '../../../src/replication/target/execute-search-step.ts';
import { planSearch } from '../../../src/replication/target/plan-search.ts';
import type { TargetStructure } from '../../../src/replication/target/structure-steps.ts';

interface Search {
  readonly analyzers?: AnalyzerDefinition[];
  readonly views?: ViewDefinition[];
}

const analyzer = (name: string, locale = 'en'): AnalyzerDefinition => ({
  ...{ name, type: 'text', properties: { locale }, features: ['frequency'] },
});
const view = (name: string, properties: Record<string, unknown> = { links: {} }): ViewDefinition => ({
  ...{ name, type: 'arangosearch', properties },
});

function source(search: Search, complete = true): Inventory {
  const database = { name: 'd', id: '1', collections: [], excluded: [], ...search };
  const base = { deploymentId: 'A', kind: 'cluster', version: '3.12.4', takenAt: '2026-01-01T00:00:00Z' } as const;
  return { ...base, complete, databases: [database] };
}

function target({ analyzers = [], views = [] }: Search): TargetStructure {
  const d = { name: 'd', id: '1', collections: new Map(), analyzers, views };
  return { kind: 'cluster', dbServers: 3, databases: new Map([['d', d]]), filled: new Set() };
}

/** In the order in which they are done. */
function steps(inventory: Inventory, structure: TargetStructure, agreed: readonly string[] = []): string[] {
  const plan = planSearch(inventory, structure, { agreed: new Set(agreed) });
  return [...plan.analyzers, ...plan.views, ...plan.drops].map((step) => describeSearchStep(step));
}

describe('analyzers and views', () => {
  test('are made, and left alone once they are as they must be', () => {
    const wanted = { analyzers: [analyzer('a')], views: [view('v')] };
    expect(steps(source(wanted), target({ analyzers: [], views: [] }))).toEqual([
      'created analyzer d/a',
      'created view d/v',
    ]);
    expect(steps(source(wanted), target(wanted))).toEqual([]);
  });

  test('an analyzer that is another one is made anew, a view is changed where servers take it', () => {
    const stored = { analyzers: [analyzer('a', 'de')], views: [view('v', { links: { c: {} } })] };
    expect(steps(source({ analyzers: [analyzer('a')], views: [view('v')] }), target(stored))).toEqual([
      'dropped analyzer d/a: it is another one on the source',
      'created analyzer d/a',
      'changed view d/v',
    ]);
  });

  test('a view whose sort order is another one is made anew', () => {
    const sorted = view('v', { links: {}, primarySort: [{ field: 'x', asc: true }] });
    expect(steps(source({ views: [sorted] }), target({ views: [view('v', { links: {}, primarySort: [] })] }))).toEqual([
      'dropped view d/v: it is another one on the source',
      'created view d/v',
    ]);
  });

  test('what only one version tells of a view is no difference, and named when the target does not know it', () => {
    const newer = view('v', {
      links: {},
      optimizeTopK: [],
      consolidationPolicy: { type: 'tier', segmentsBytesMax: 1, maxSkewThreshold: 0.4 },
    });
    const older = view('v', {
      links: {},
      consolidationPolicy: { type: 'tier', segmentsBytesMax: 1, segmentsMin: 1 },
    });
    for (const [there, here] of [
      [newer, older],
      [older, newer],
    ] as const) {
      expect(steps(source({ views: [there] }), target({ views: [here] }))).toEqual([]);
    }
    const used = view('v', { links: {}, optimizeTopK: ['BM25(@doc) DESC'] });
    const { problems } = planSearch(source({ views: [used] }), target({ views: [older] }), { agreed: new Set() });
    expect(problems).toEqual([
      { database: 'd', collection: 'v', reason: expect.stringContaining('does not know optimizeTopK of view v') },
    ]);
  });

  test('an analyzer of which each version tells something else is left as it is', () => {
    const told = (more: object): AnalyzerDefinition => ({
      ...analyzer('a'),
      properties: { ...(analyzer('a').properties as object), ...more },
    });
    expect(steps(source({ analyzers: [told({})] }), target({ analyzers: [told({ added: 1 })] }))).toEqual([]);
  });

  test('the indexes of an alias are a set', () => {
    const alias = (indexes: unknown[]): ViewDefinition => ({
      name: 'v',
      type: 'search-alias',
      properties: { indexes },
    });
    const [one, other] = [
      { collection: 'c', index: 'i' },
      { collection: 'd', index: 'j' },
    ];
    expect(steps(source({ views: [alias([one, other])] }), target({ views: [alias([other, one])] }))).toEqual([]);
  });

  test('S1: what the source lacks goes after two complete inventories, views before analyzers', () => {
    const stored = { analyzers: [analyzer('a')], views: [view('v')] };
    const empty = { analyzers: [], views: [] };
    expect(steps(source(empty), target(stored))).toEqual([]);
    const { wanted } = planSearch(source(empty), target(stored), { agreed: new Set() });
    expect([...wanted]).toEqual(['d/analyzer/a', 'd/view/v']);
    expect(steps(source(empty), target(stored), [...wanted])).toEqual([
      'dropped view d/v: the source does not have it',
      'dropped analyzer d/a: the source does not have it',
    ]);
    expect(steps(source(empty, false), target(stored), [...wanted])).toEqual([]);
  });

  test('what the source does not tell of is left alone', () => {
    const stored = { analyzers: [analyzer('a')], views: [view('v')] };
    const { wanted } = planSearch(source({}), target(stored), { agreed: new Set() });
    expect([...wanted]).toEqual([]);
    expect(steps(source({}), target(stored), ['d/analyzer/a', 'd/view/v'])).toEqual([]);
  });
});
