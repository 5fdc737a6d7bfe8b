import type { Rule } from './rules.ts';

const STORED_POSITION = 'src/replication/target/stored-position.ts';
const DIFFERENCE_TEST = 'test/replication/difference.test.ts';

/** The rules that came with the whole data path. */
export const DATA_RULES: readonly Rule[] = [
  {
    name: 'S2',
    sentence: 'Where a target may have been written to, an equal revision does not prove an equal document.',
    mutations: [
      {
        what: 'trusts revisions of an earlier epoch',
        file: STORED_POSITION,
        find: '    if (document.epoch === epoch) return {};\n',
        replace: "    if (document.epoch !== '' || epoch !== '') return {};\n",
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'compares a shard of which nobody knows where its documents came from',
        file: STORED_POSITION,
        find: 'target.revisionOrder && (await empty())',
        replace: 'target.revisionOrder && (await empty().then(() => true))',
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'lists only what differs, though equal revisions prove nothing',
        file: 'src/replication/target/difference-session.ts',
        find: 'since === undefined ? ranges : withAllSince(ranges, decodeRevision(since))',
        replace: "since === undefined ? ranges : withAllSince(ranges, decodeRevision('N9999999999'))",
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'takes an equal revision for an equal document in what it lists',
        file: 'src/replication/target/revision-merge.ts',
        find: 'compareRevisions(revision, this.#since) >= 0',
        replace: 'compareRevisions(revision, this.#since) > 2 ** 40',
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'trusts what was true when a reversal began after the target was writable',
        file: 'src/domain/synchronization/state.ts',
        find: 'return { ...state, configuration: { ...configuration, epoch } };',
        replace: 'return { ...state, configuration: { ...state.configuration, ...configuration, epoch } };',
        killedIn: 'test/domain/synchronization.test.ts',
      },
      {
        what: 'brings in what is missing before what has the same revision is gone',
        file: 'src/replication/target/difference-session.ts',
        find: 'return this.#options.since !== undefined || this.#options.target.uniqueIndexes;',
        replace: 'return this.#options.target.uniqueIndexes;',
        killedIn: DIFFERENCE_TEST,
      },
    ],
  },
  {
    name: 'S21',
    sentence: 'A revision tree that has drifted is computed anew, and never compared with for ever.',
    mutations: [
      {
        what: 'copies a shard whose tree has drifted on the target',
        file: 'src/replication/target/difference-session.ts',
        find: 'await this.#batch?.rebuildTree(signal);',
        replace: '',
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'copies a shard whose tree has drifted on the source',
        file: 'src/replication/source/answer-questions.ts',
        find: 'if (await isTreeSoundAt(place, signal)) {',
        replace: 'if (await isTreeSoundAt(place, signal).then(() => true)) {',
        killedIn: DIFFERENCE_TEST,
      },
    ],
  },
];
