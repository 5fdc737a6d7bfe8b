import type { World } from './world.ts';

/** One kind of operation: what it does, how often. Tells what it did, or undefined when there was nothing to do it to. */
export interface Operation {
  readonly weight: number;
  readonly run: (world: World) => Promise<string | undefined>;
}

/** A repetition behind a lost answer finds that it was done. */
export const DONE_BEFORE = { made: [1207], gone: [1203, 1228, 1212, 1202, 1924, 1703] } as const;
