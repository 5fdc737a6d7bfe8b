/**
 * System collections in the order in which they are made (reference 3.6), so that ids come out as on real servers.
 * The first is the prototype of the others in a cluster.
 */
export const SYSTEM_DATABASE_SINGLE: readonly string[] = [
  '_users',
  '_statistics',
  '_statistics15',
  '_statisticsRaw',
  '_graphs',
  '_analyzers',
  '_aqlfunctions',
  '_queues',
  '_jobs',
  '_apps',
  '_appbundles',
  '_frontend',
];

export const SYSTEM_DATABASE_CLUSTER: readonly string[] = [
  '_users',
  '_graphs',
  '_statistics',
  '_statistics15',
  '_statisticsRaw',
  '_analyzers',
  '_aqlfunctions',
  '_queues',
  '_jobs',
  '_apps',
  '_appbundles',
  '_frontend',
];

export const OTHER_DATABASE: readonly string[] = [
  '_graphs',
  '_analyzers',
  '_aqlfunctions',
  '_queues',
  '_jobs',
  '_apps',
  '_appbundles',
  '_frontend',
];
