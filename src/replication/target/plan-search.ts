import type { StructureReport } from '../../wire/worker.ts';
import type { Inventory } from '../inventory.ts';
import type { AnalyzerDefinition, ViewDefinition } from '../search-definitions.ts';
import { canonical } from './index-difference.ts';
import type { StructureMemory, TargetStructure } from './structure-steps.ts';
import { sameWhereBothTell, unkeptAttributes, unkeptReason } from './unkept.ts';

/** One change of analyzers or views. */
export type SearchStep =
  | { readonly kind: 'create-analyzer'; readonly database: string; readonly analyzer: AnalyzerDefinition }
  | (Drop & { readonly kind: 'drop-analyzer' })
  | { readonly kind: 'create-view'; readonly database: string; readonly view: ViewDefinition }
  | { readonly kind: 'change-view'; readonly database: string; readonly view: ViewDefinition }
  | (Drop & { readonly kind: 'drop-view' });

interface Drop {
  readonly database: string;
  readonly name: string;
  readonly reason: string;
  /** It is made again at once. */
  readonly anew: boolean;
}

export interface SearchPlan {
  /** Before collections get indexes that use them. */
  readonly analyzers: readonly SearchStep[];
  /** When all collections and indexes are there. */
  readonly views: readonly SearchStep[];
  /** What the source does not have: views before the analyzers that they use. */
  readonly drops: readonly SearchStep[];
  /** Drops that the next complete inventory has to want as well (S1). */
  readonly wanted: ReadonlySet<string>;
  /** Parts of definitions that the target does not know. */
  readonly problems: StructureReport['problems'];
}

/** What a view keeps as it was made (reference 3.4): to change it the view is made anew. */
const FIXED = [
  'primarySort',
  'primarySortCompression',
  'storedValues',
  'optimizeTopK',
  'writebufferActive',
  'writebufferIdle',
  'writebufferSizeMax',
];

const GONE = 'the source does not have it';
const OTHER = 'it is another one on the source';

/** What has to be done so that the target has the source's analyzers and views; pure. What a source does not tell of is left. */
export function planSearch(
  source: Inventory,
  target: TargetStructure,
  { agreed }: Pick<StructureMemory, 'agreed'>,
): SearchPlan {
  const analyzers: SearchStep[] = [];
  const views: SearchStep[] = [];
  const surplus: { readonly identity: string; readonly step: SearchStep }[] = [];
  const problems: StructureReport['problems'] = [];
  for (const { name: database, analyzers: wantedAnalyzers, views: wantedViews } of source.databases) {
    const stored = target.databases.get(database);
    if (wantedAnalyzers !== undefined) {
      analyzers.push(...analyzerSteps(database, wantedAnalyzers, stored?.analyzers ?? []));
      for (const { name } of missingIn(wantedAnalyzers, stored?.analyzers ?? [])) {
        const step = { kind: 'drop-analyzer', database, name, reason: GONE, anew: false } as const;
        surplus.push({ identity: `${database}/analyzer/${name}`, step });
      }
    }
    if (wantedViews === undefined) continue;
    views.push(...viewSteps(database, wantedViews, stored?.views ?? []));
    problems.push(...unkeptOfViews(database, wantedViews, stored?.views ?? []));
    for (const { name } of missingIn(wantedViews, stored?.views ?? [])) {
      const step = { kind: 'drop-view', database, name, reason: GONE, anew: false } as const;
      surplus.push({ identity: `${database}/view/${name}`, step });
    }
  }
  const dropped = surplus.filter(({ identity }) => source.complete && agreed.has(identity)).map(({ step }) => step);
  const isView = ({ kind }: SearchStep) => kind === 'drop-view';
  return {
    analyzers,
    views,
    drops: [...dropped.filter(isView), ...dropped.filter((step) => !isView(step))],
    wanted: new Set(source.complete ? surplus.map(({ identity }) => identity) : []),
    problems,
  };
}

/** Of `stored` those whose names are not wanted. */
function missingIn(wanted: readonly { readonly name: string }[], stored: readonly { readonly name: string }[]) {
  const names = new Set(wanted.map(({ name }) => name));
  return stored.filter(({ name }) => !names.has(name));
}

/** An analyzer cannot be changed: views and indexes that use it are built with what it was. */
function analyzerSteps(
  database: string,
  wanted: readonly AnalyzerDefinition[],
  stored: readonly AnalyzerDefinition[],
): SearchStep[] {
  return wanted.flatMap((analyzer): SearchStep[] => {
    const { name } = analyzer;
    const there = stored.find((other) => other.name === name);
    if (there === undefined) return [{ kind: 'create-analyzer', database, analyzer }];
    if (sameWhereBothTell(analyzer, there)) return [];
    return [
      { kind: 'drop-analyzer', database, name, reason: OTHER, anew: true },
      { kind: 'create-analyzer', database, analyzer },
    ];
  });
}

function viewSteps(
  database: string,
  wanted: readonly ViewDefinition[],
  stored: readonly ViewDefinition[],
): SearchStep[] {
  return wanted.flatMap((view): SearchStep[] => {
    const there = stored.find((other) => other.name === view.name);
    if (there === undefined) return [{ kind: 'create-view', database, view }];
    if (sameView(view, there)) return [];
    const isFixed = FIXED.some(
      (key) => key in there.properties && canonical(there.properties[key]) !== canonical(view.properties[key]),
    );
    if (there.type === view.type && !isFixed) return [{ kind: 'change-view', database, view }];
    return [
      { kind: 'drop-view', database, name: view.name, reason: OTHER, anew: true },
      { kind: 'create-view', database, view },
    ];
  });
}

function unkeptOfViews(
  database: string,
  wanted: readonly ViewDefinition[],
  stored: readonly ViewDefinition[],
): StructureReport['problems'] {
  return wanted.flatMap(({ name, type, properties }) => {
    const there = stored.find((other) => other.name === name && other.type === type);
    const unkept = there === undefined ? [] : unkeptAttributes(properties, there.properties);
    return unkept.length === 0 ? [] : [{ database, collection: name, reason: unkeptReason(`view ${name}`, unkept) }];
  });
}

/**
 * Links say which collections are searched, and how: they are equal or not. Of the rest only what both tell is compared,
 * of policies as well, whose numbers are others in each version (reference 3.3).
 */
function sameView(source: ViewDefinition, target: ViewDefinition): boolean {
  const [{ links, ...ours }, { links: theirLinks, ...theirs }] = [comparable(source), comparable(target)];
  return source.type === target.type && canonical(links) === canonical(theirLinks) && sameWhereBothTell(ours, theirs);
}

/** The indexes of a search-alias are a set. */
function comparable({ properties }: ViewDefinition): Readonly<Record<string, unknown>> {
  const { indexes } = properties;
  return Array.isArray(indexes) ? { ...properties, indexes: indexes.map(canonical).sort() } : properties;
}
