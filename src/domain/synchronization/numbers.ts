import type { Synchronization } from './state.ts';

/** What we tell the source of the moment of a call: where our log ends, above all that it has seen of us (S12). */
export function numberOfCall({ numberOffset }: Synchronization, headPosition: number): number {
  return headPosition + numberOffset;
}

/** Under which number the source knows the synchronization; undefined for one that has none. */
export function numberOfSync({ configuration, numberOffset }: Synchronization): number | undefined {
  const position = configuration?.position ?? 0;
  return position === 0 ? undefined : position + numberOffset;
}
