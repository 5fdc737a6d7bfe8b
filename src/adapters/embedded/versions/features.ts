import { compareVersions, numbersOf, type VersionNumbers } from './release.ts';

/** Which versions do something. */
type Span = (version: VersionNumbers) => boolean;

/** From a release on; of several, each begins it in its own line of releases, the last one in all that follow. */
function since(...releases: readonly [string, ...string[]]): Span {
  const starts = releases.map(numbersOf);
  return (version) =>
    starts.some((start, index) => {
      const isItsLine = index === starts.length - 1 || (start[0] === version[0] && start[1] === version[1]);
      return isItsLine && compareVersions(version, start) >= 0;
    });
}

/** Up to the release before this one. */
function before(release: string): Span {
  const end = numbersOf(release);
  return (version) => compareVersions(version, end) < 0;
}

const always: Span = () => true;
const never: Span = () => false;

/**
 * What begins or ends with which version (reference 9.1; numbers in the comments are its sections). Nothing else in the
 * stand-in compares versions. At the end stand the open questions of 9.3 and 9.4: what is assumed, for every version or
 * from one on; each can be answered otherwise by `answers` of the options.
 */
const SPANS = {
  // Answers as such (1.2)
  /** `x-arango-queue-time-seconds`. */
  queueTimeHeader: since('3.9'),
  /** `cache-control`, `content-security-policy`, `expires`, `pragma`, `strict-transport-security`. */
  securityHeaders: since('3.10'),
  /** `location` of collections' sub-resources begins with `/_db/<database>` (3.2). */
  locationNamesDatabase: since('3.9'),
  /** Answers about one index end with `code`, `error`; with `error`, `code` before (1.3). */
  indexAnswerEndsWithError: since('3.11'),

  // A server about itself (2)
  /** `apiVersions`, `deprecatedApiVersions`, `requestedApiVersion` of `/_api/version`. */
  apiVersions: since('3.12.10'),
  crcInVersionDetails: before('3.11'),
  buildIdInVersionDetails: since('3.12'),
  dfdbInEngine: before('3.12'),
  endiannessInEngine: since('3.12'),
  deploymentId: since('3.12.6'),
  optionsPublic: since('3.12.8'),
  keyGeneratorsCall: since('3.12'),
  accessTokens: since('3.12.5'),
  diskUsageInLicense: since('3.12.5'),

  // Databases and collections (3.1, 3.2, 3.6)
  /** `--database.extended-names` is on by default. */
  extendedNames: since('3.12'),
  /** A bad database name is 1208; 1229 before. */
  databaseNameIsIllegalName: since('3.11'),
  replicationVersionOfDatabase: since('3.12'),
  supportsRbac: since('3.12.10'),
  /** Before, the attribute is unknown and ignored. */
  computedValues: since('3.10'),
  internalValidatorType: since('3.9'),
  isDisjointOnSingle: before('3.9'),
  /** `objectId` is the id after the collection's own; the one before it in older versions. */
  objectIdBehindId: since('3.12'),
  /** Ids of `_system`'s collections on a single server follow each other; before in steps of 3. */
  denseSystemIds: since('3.12'),
  /** `increment`, `offset`, `lastValue` of other key generators than their own are refused. */
  strictKeyOptions: since('3.12'),
  /** A collection of a graph cannot be dropped: 1942. */
  graphKeepsCollections: since('3.12'),

  // Indexes, views, graphs (3.3 – 3.5)
  invertedIndex: since('3.10'),
  searchAlias: since('3.10'),
  legacyPolygons: since('3.10'),
  /** `cacheEnabled` and `storedValues` of persistent indexes. */
  persistentIndexCache: since('3.10'),
  /** `mdi`, `mdi-prefixed`; before, `zkd` has its own name. */
  mdiIndex: since('3.12'),
  /** Fields that begin or end with a colon are refused. */
  colonInIndexFieldRefused: since('3.11'),
  primaryEstimateInIndexAnswer: since('3.11'),
  optimizeTopK: since('3.12'),
  /** A consolidation policy has `maxSkewThreshold`, `minDeletionRatio`; `segmentsMin` and its kind before. */
  consolidationBySkew: since('3.12.7'),
  consolidationEverySecond: before('3.12.6'),
  initialCidOfGraph: before('3.12'),
  intermediateCommitsInStats: since('3.11'),
  lookupsInStats: since('3.12'),

  // Documents and transactions (4)
  versionAttribute: since('3.12'),
  /** A patch that is empty keeps `_rev`; 3.7.13 to 3.9 wrote. */
  emptyPatchKeepsRevision: since('3.10'),
  /** A bad key fails its own item of a bulk in a cluster, not the whole call. */
  keyErrorsPerItem: since('3.11.1'),
  /** A streaming transaction may have 512 MiB instead of 128. */
  largeTransactions: since('3.12.4'),

  // Replication and log (5, 6)
  /** `logger-follow`, `logger-first-tick`, `logger-tick-ranges`, `server-id`, `applier-*`. */
  loggerCalls: before('3.12.10'),
  /** A coordinator passes every call with `DBserver=` on, not only batch and dump. */
  forwardsAll: before('3.12.10'),
  parallelDump: since('3.11'),
  /** `encodeAsHLC=true` is followed; ignored before. */
  encodesAsHlc: since('3.8.8', '3.9.4', '3.10.1', '3.11'),
  initialRangeMin: since('3.8.4'),
  /** Truncates of large shards write 2004 in clusters, too. */
  rangeTruncateInClusters: since('3.10'),
  /** `DELETE /_api/wal/tail`; 405 before. */
  untracksClients: since('3.10'),
  /** `trackOnly` of a tail; ignored before. */
  tracksOnly: since('3.10'),

  // Open questions (9.3, 9.4)
  /** 9.3 no. 6: 2302 carries the revision that was removed; a fresh one otherwise. */
  removalTellsRevision: since('3.9'),
  /** 9.3 no. 6: shards of excluded system collections are in the log of a DB-Server. */
  logShowsSystemShards: always,
  /** 9.3 no. 1: PUT and DELETE of an unknown batch are 404/1600; 400/400 otherwise. */
  unknownBatchIsNotFound: always,
  /** 9.3 no. 3: the superuser changes structure while the mode is read-only. */
  superuserChangesStructureWhenReadOnly: always,
  /** 9.3 no. 3: the superuser writes documents while the mode is read-only. */
  superuserWritesWhenReadOnly: always,
  /** 9.3 no. 4: `isRestore` alone does not skip a schema; `skipDocumentValidation` does. */
  restoreChecksSchema: never,
  /** 9.3 no. 9: a truncate by range begins the tree anew. */
  truncateResetsTree: never,
  /** 9.3 no. 15: a server moves its clock to what `x-arango-hlc` carries. */
  adoptsClocks: always,
  /** 9.3 no. 18: `ignoreRevs=false` with another `_rev` is 412 for a single document; 409 otherwise. */
  demandedRevisionIs412: since('3.12'),
  /** 1.4: 1200 says in words that a demanded revision is not the stored one; `conflict` alone otherwise. */
  conflictTellsRevisions: always,
  /** 5.8.1: without `encodeAsHLC`, or where it is not known, every revision comes as a decimal, not only small ones. */
  revisionsAreDecimal: never,
} satisfies Readonly<Record<string, Span>>;

/** What a server of some version does. */
export type Features = { readonly [Name in keyof typeof SPANS]: boolean };

/** What a version does, with the questions answered that `answers` names. */
export function features(version: string, answers: Partial<Features> = {}): Features {
  const numbers = numbersOf(version);
  const told = Object.entries(SPANS).map(([name, span]) => [name, span(numbers)] as const);
  return { ...(Object.fromEntries(told) as Features), ...answers };
}
