import type { Rule } from './rules.ts';

const ANSWERS_TEST = 'test/replication/versions/answers.test.ts';

/** What differs between versions of the servers, and must not cost a document. */
export const VERSION_RULES: readonly Rule[] = [
  {
    name: 'Removals',
    sentence: 'A removal whose revision the server may have drawn goes by key, and to the document of its own shard.',
    mutations: [
      {
        what: 'removes by key alone where shards are chosen by other attributes',
        file: 'src/replication/target/own-removals.ts',
        find: "if (run.kind !== 'remove' || shardedByKey || run.cleanup !== undefined) return run;",
        replace: "if (run.kind === 'remove' || shardedByKey || run.cleanup !== undefined) return run;",
        killedIn: 'test/replication/target/removals.test.ts',
      },
      {
        what: 'believes every server that it tells the removed revision',
        file: 'src/replication/markers.ts',
        find: 'return this.#exactBehind !== undefined && compareTicks(this.tick, this.#exactBehind) > 0;',
        replace: "return this.#exactBehind === undefined || compareTicks(this.tick, '0') > 0;",
        killedIn: 'test/replication/markers.test.ts',
      },
      {
        what: 'waits for ever for a revision that is gone, where the words do not say so',
        file: 'src/replication/target/shard-writer.ts',
        find: 'if (!isExact(this.#options.target, run) || pause?.errorNum !== CONFLICT) return again;',
        replace: 'if (!isExact(this.#options.target, run) || CONFLICT > 0) return again;',
        killedIn: ANSWERS_TEST,
      },
      {
        what: 'removes by the source’s revision where revisions are not kept',
        file: 'src/replication/target/own-removals.ts',
        find: "const isNamed = ({ revision }: Operation) => keepsRevisions && revision !== '';",
        replace: "const isNamed = ({ revision }: Operation) => revision !== '';",
        killedIn: 'test/replication/target/removals.test.ts',
      },
      {
        what: 'removes a revision in all shards where it was read in one',
        file: 'src/replication/target/bulk-request.ts',
        find: '{ ...shardKeys, _key: key, _rev: revision }',
        replace: '{ ...(shardKeys && {}), _key: key, _rev: revision }',
        killedIn: 'test/replication/target/removals.test.ts',
      },
    ],
  },
];
