import type { OlderVersion } from './captures.ts';

const both: readonly OlderVersion[] = ['3.10', '3.11'];

/** Captured answers that the embedded server does not give as an older version, and why. */
export const olderLeftOut: readonly {
  readonly name: string;
  readonly versions: readonly OlderVersion[];
  readonly reason: string;
}[] = [
  ...['Config', 'Start', 'StateNotRunning', 'StateRunning', 'Stop'].map((call) => ({
    name: `RestReplicationApplier${call === 'Config' ? 'SetConfig' : call}`,
    versions: both,
    reason: 'leader and follower replication, which the stand-in does not do',
  })),
  ...['Some', 'BufferLimit'].map((what) => ({
    name: `RestReplicationLoggerFollow${what}`,
    versions: both,
    reason: 'shows grants that the shell wrote for its user behind the calls',
  })),
  {
    name: 'RestReplicationLoggerTickRanges',
    versions: both,
    reason: 'the log of the stand-in is one file',
  },
  { name: 'job_getByType_03', versions: both, reason: 'needs server-side JavaScript, as in 3.12' },
  {
    name: 'RestCollectionGetAllCollections',
    versions: both,
    reason: 'captured of 3.12, whose system collections have other ids; those of before: versions.test.ts',
  },
  ...['RestCollectionGetKeyGenerators', 'RestIndexCreateNewMdi', 'RestIndexCreateNewMdiPrefixed'].map((name) => ({
    name,
    versions: both,
    reason: 'came with 3.12',
  })),
  ...['Create', 'List', 'Delete'].map((call) => ({
    name: `RestAccessToken${call}`,
    versions: both,
    reason: 'came with 3.12.5',
  })),
];
