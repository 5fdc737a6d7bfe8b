import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What took longest when it was measured, the longest first. One that is left out, or has changed, costs some seconds and
 * nothing else.
 */
const LONGEST = [
  'e2e/recovery',
  'e2e/bench-fields',
  'e2e/rotation',
  'e2e/rolling-restart',
  'e2e/leadership',
  'e2e/stop',
  'e2e/check',
  'e2e/single-server',
  'e2e/lag',
  'e2e/reverse',
  'e2e/three-datacenters',
  'e2e/structure-fuzz',
  'cli/operating',
  'simulation/simulation',
  'cli/selection',
  'replication/reshaped',
  'replication/versions/answers',
  'replication/limits',
  'replication/content-check',
  'master/master-process',
];

/** Begins with the files that take longest: one that is begun last is waited for alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
  return rank === -1 ? LONGEST.length : rank;
}
