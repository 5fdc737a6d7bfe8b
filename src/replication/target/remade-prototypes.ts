import type { Pair, StructureMemory } from './structure-steps.ts';

interface Judged<V extends { readonly kind: string }> {
  readonly pair: Pair;
  readonly verdict: V | MadeAnew;
}

interface MadeAnew {
  readonly kind: 'make-anew';
  readonly reason: string;
}

/**
 * A prototype cannot go while others are distributed like it (reference 1.4: 1485): of those, what is replicated is made anew
 * with it. The source had none of them any longer when its own prototype went.
 */
export function withFollowersRemade<V extends { readonly kind: string }>(
  judged: readonly Judged<V>[],
  { followed }: StructureMemory,
): readonly Judged<V>[] {
  const remade = remadeOf(judged);
  return judged.map((each) => {
    const { pair, verdict } = each;
    const { database, target } = pair;
    const isReplicated = target !== undefined && followed.has(target.id);
    if (verdict.kind !== 'keep' || !isReplicated || !remade(database, target.parameters.distributeShardsLike))
      return each;
    return { pair, verdict: { kind: 'make-anew', reason: 'what it is distributed like was made anew on the source' } };
  });
}

/** Whether a collection would follow something of the target that is to go, and has not gone yet. */
export function waitsForPrototype<V extends { readonly kind: string }>(
  judged: readonly Judged<V>[],
  going: readonly Pair[],
): (pair: Pair) => boolean {
  const staying = remadeOf(judged.filter(({ pair }) => !going.includes(pair)));
  return ({ database, source }) => staying(database, source.parameters.distributeShardsLike);
}

function remadeOf<V extends { readonly kind: string }>(judged: readonly Judged<V>[]) {
  const remade = judged.filter(({ verdict }) => verdict.kind === 'make-anew').map(({ pair }) => pair);
  return (database: string, name: unknown) =>
    remade.some((pair) => pair.database === database && pair.target?.name === name);
}
