import type { Rule } from './rules.ts';

const STORED_POSITION = 'src/replication/target/stored-position.ts';
const BLOCKED = 'src/replication/target/blocked-documents.ts';
const UNIQUE_TEST = 'test/replication/target/unique-indexes.test.ts';
const FAILED_INDEXES_TEST = 'test/replication/target/failed-indexes.test.ts';
const CHECK_TEST = 'test/replication/check.test.ts';
const CHECK_UNIT_TEST = 'test/replication/target/shard-check.test.ts';
const CHECK_LEADER_TEST = 'test/master/verification/check.test.ts';
const CHECK_DESK_TEST = 'test/master/verification/comparison-desk.test.ts';
const DIFFERENCE_TEST = 'test/replication/difference.test.ts';
const CONTENT_CHECK_TEST = 'test/replication/target/content-check.test.ts';
const CONTENT_SESSION = 'src/replication/target/content-session.ts';
const SETTLE_TEST = 'test/replication/target/settle-keys.test.ts';
const CONTENT_TEST = 'test/replication/target/content-session.test.ts';

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
        what: 'has a check call different what the source wrote and nobody has applied yet',
        file: 'src/replication/target/content-check.ts',
        find: 'behindOf(await positions(), this.#ends)',
        replace: 'behindOf((await positions()).slice(0, 0), this.#ends)',
        killedIn: CONTENT_CHECK_TEST,
      },
      {
        what: 'has a check call missing what was another document at every look',
        file: 'src/replication/target/content-check.ts',
        find: 'first.source !== undefined && first.source.revision === second.source?.revision',
        replace: 'first.source !== undefined',
        killedIn: CONTENT_CHECK_TEST,
      },
      {
        what: 'takes what comes into the selection later for equal since a reversal began',
        file: 'src/domain/synchronization/state.ts',
        find: '{ selection: _before, equalAtStart: _, ...rest }',
        replace: '{ selection: _before, ...rest }',
        killedIn: 'test/domain/selection.test.ts',
      },
      {
        what: 'compares a shard of which nobody knows where its documents came from',
        file: STORED_POSITION,
        find: '!target.revisionOrder || (await empty())',
        replace: '!target.revisionOrder || (await empty().then(() => true))',
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'lists only what differs, though equal revisions prove nothing',
        file: 'src/replication/target/difference-session.ts',
        find: 'since === undefined ? doubtful : withAllSince(doubtful, decodeRevision(since))',
        replace: "since === undefined ? doubtful : withAllSince(doubtful, decodeRevision('N9999999999'))",
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
        find: 'return since !== undefined || altered.size > 0 || target.uniqueIndexes;',
        replace: 'return altered.size > 0 || target.uniqueIndexes;',
        killedIn: DIFFERENCE_TEST,
      },
      {
        what: 'keeps revisions where several shards go into one',
        file: 'src/replication/target/pairing.ts',
        find: 'return { isOneToOne: false, keepsRevisions: false,',
        replace: 'return { isOneToOne: false, keepsRevisions: true,',
        killedIn: 'test/replication/reshaped.test.ts',
      },
      {
        what: 'holds for surplus what another shard of the source has',
        file: CONTENT_SESSION,
        find: "of: target.isOneToOne ? 'shard' : 'collection'",
        replace: "of: 'shard'",
        killedIn: CONTENT_TEST,
      },
      {
        what: 'removes documents that the source has',
        file: CONTENT_SESSION,
        find: 'asked.filter(({ key }) => absent.has(key))',
        replace: "asked.filter(({ key }) => key !== '' || absent.has(key))",
        killedIn: CONTENT_TEST,
      },
      {
        what: 'removes what was written since the source was asked',
        file: CONTENT_SESSION,
        find: '.map((held) => removalBy(held))',
        replace: ".map((held) => removalBy({ ...held, revision: '' }))",
        killedIn: CONTENT_TEST,
      },
      {
        what: 'removes a document that has moved to another shard of the source',
        file: 'src/replication/target/stream-session.ts',
        find: 'if (!this.#options.target.mayMove) return this.#writes.apply(operations, bytes, signal);',
        replace: 'if (signal !== undefined) return this.#writes.apply(operations, bytes, signal);',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'stores a position behind removals that are not settled',
        file: 'src/replication/target/stream-session.ts',
        find: 'this.#options.writer.deferred.size > 0 || !this.#moved.isSettled',
        replace: 'this.#options.writer.deferred.size > 0',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'takes what another stream wrote for what it has read before it asked',
        file: 'src/replication/target/settle-keys.ts',
        find: 'own !== undefined && removalOf(own).revision !== revision',
        replace: "own !== undefined && revision === '-'",
        killedIn: SETTLE_TEST,
      },
      {
        what: 'writes what comes of another collection than the one it knows how to follow',
        file: 'src/replication/target/opened-shards.ts',
        find: 'target.source !== undefined && !isShardOf(cuid, target.source)',
        replace: "target.source?.collection === ''",
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'takes other shards for the same as long as nobody has told of them',
        file: 'src/replication/target/opened-shards.ts',
        find: 'isUnknown ? shardingDifference(sharding, target.sharding) : undefined',
        replace: 'isUnknown ? undefined : undefined',
        killedIn: 'test/safety/streams.test.ts',
      },
    ],
  },
  {
    name: 'S13',
    sentence:
      'What a unique index refuses waits in a replay, is compared otherwise, and only after the source’s indexes were read again.',
    mutations: [
      {
        what: 'keeps a unique index that the source has dropped',
        file: 'src/replication/target/surplus-indexes.ts',
        find: 'for (const { name } of surplus) {',
        replace: 'for (const { name } of surplus.slice(surplus.length)) {',
        killedIn: 'test/replication/unique-indexes.test.ts',
      },
      {
        what: 'compares before the source has told its indexes',
        file: BLOCKED,
        find: 'if (this.#isAnswered && this.#isBehindReplay()) throw',
        replace: 'if (this.#isBehindReplay()) throw',
        killedIn: UNIQUE_TEST,
      },
      {
        what: 'compares in the middle of a replay',
        file: BLOCKED,
        find: 'applied !== undefined && compareTicks(applied, end) >= 0',
        replace: 'applied !== undefined && compareTicks(applied, end) >= -99',
        killedIn: UNIQUE_TEST,
      },
      {
        what: 'waits where nothing frees the value any more',
        file: BLOCKED,
        find: 'applied !== undefined && compareTicks(applied, end) >= 0',
        replace: 'applied !== undefined && compareTicks(applied, end) > 99',
        killedIn: UNIQUE_TEST,
      },
      {
        what: 'moves the checkpoint past what is held back',
        file: 'src/replication/target/stream-session.ts',
        find: 'this.#position.applied(headers, this.#isHeld);',
        replace: 'this.#position.applied(headers, false);',
        killedIn: UNIQUE_TEST,
      },
      {
        what: 'holds back what a later operation of the same bulk has replaced',
        file: 'src/replication/target/bulk-result.ts',
        find: 'index > (doneAt.get(operation.key) ?? -1) ? [operation] : [],',
        replace: 'index > (doneAt.get(operation.key) ?? -1) || doneAt.size > 0 ? [operation] : [],',
        killedIn: 'test/replication/target/unique-replay.test.ts',
      },
      {
        what: 'puts in place what a removal has taken back meanwhile',
        file: 'src/replication/target/stream-session.ts',
        find: 'for (const { key } of removed) this.#options.writer.deferred.forget(key);',
        replace: '',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'holds back what is no operation of the stream',
        file: 'src/replication/target/stream-writes.ts',
        find: 'if (documents.some(({ key }) => writer.deferred.holds(key))) throw',
        replace: 'if (documents.length < 0) throw',
        killedIn: 'test/safety/streams.test.ts',
      },
      {
        what: 'holds back without end',
        file: 'src/replication/target/shard-writer.ts',
        find: 'if (this.deferred.bytes <= limits.deferredBytes && held.bytes <= limits.deferredBytesInAll) return;',
        replace: 'if (this.deferred.bytes <= limits.deferredBytes) return;',
        killedIn: UNIQUE_TEST,
      },
      {
        what: 'tries an index that cannot be made with every inventory',
        file: 'src/replication/target/failed-indexes.ts',
        find: 'now < failed.dueAt ? failed.reason : undefined',
        replace: 'now < failed.dueAt - 1e12 ? failed.reason : undefined',
        killedIn: FAILED_INDEXES_TEST,
      },
      {
        what: 'does not try it again when its collection was caught up with',
        file: 'src/replication/target/failed-indexes.ts',
        find: 'failed.dueAt = -Infinity;',
        replace: 'failed.dueAt += 0;',
        killedIn: FAILED_INDEXES_TEST,
      },
      {
        what: 'counts a shard in sync whose collection lacks an index',
        file: 'src/master/reconcile/in-sync.ts',
        find: 'if (lacking.has(collectionKey(',
        replace: 'if (lacking.size < 0 && lacking.has(collectionKey(',
        killedIn: 'test/master/barrier.test.ts',
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
  {
    name: 'check',
    sentence: 'What was not compared at a place where both sides were exactly as far is neither equal nor different.',
    mutations: [
      {
        what: 'calls a shard equal that nobody compared in time',
        file: 'src/master/verification/comparison-desk.ts',
        find: "if (leftMs <= 0) return { ...request, state: 'untold', reason: reasonOf(result, timeoutMs) };",
        replace: "if (leftMs <= 0) return { ...request, state: 'equal', reason: reasonOf(result, timeoutMs) };",
        killedIn: CHECK_LEADER_TEST,
      },
      {
        what: 'calls a shard equal of which one side gives no tree',
        file: 'src/master/verification/compare-page.ts',
        find: "'checksums' in each && each.checksums[0] === each.checksums[1] ? [shardKey(each.shard)] : [],",
        replace: "'checksums' in each && each.checksums[0] !== each.checksums[1] ? [] : [shardKey(each.shard)],",
        killedIn: CHECK_LEADER_TEST,
      },
      {
        what: 'takes what a worker is still comparing for an end',
        file: 'src/master/verification/comparison-desk.ts',
        find: "  return state === 'equal' || state === 'different' || state === 'untold';",
        replace: "  return state !== 'repairing';",
        killedIn: CHECK_DESK_TEST,
      },
      {
        what: 'believes a worker that has lost the shard',
        file: 'src/master/verification/comparison-desk.ts',
        find: 'pending.request.taskId !== result.taskId || !holds(result.taskId)',
        replace: 'pending.request.taskId !== result.taskId',
        killedIn: CHECK_DESK_TEST,
      },
      {
        what: 'compares its tree with one of another place of the stream',
        file: 'src/replication/target/stream-session.ts',
        find: '    if (tick === this.#position.tick) return;',
        replace: '    if (tick !== undefined) return;',
        killedIn: CHECK_UNIT_TEST,
      },
      {
        what: 'takes equal revisions for equal documents although it was asked for more',
        file: 'src/replication/target/shard-check.ts',
        find: "if (request.deep) return this.#goOn({ form: 'text' });",
        replace: '',
        killedIn: CHECK_TEST,
      },
      {
        what: 'stops after the first slice of a shard',
        file: 'src/replication/target/shard-check.ts',
        find: 'if (to === undefined || this.#found.isFull)',
        replace: "if (to !== '' || this.#found.isFull)",
        killedIn: CHECK_UNIT_TEST,
      },
      {
        what: 'lists only what differs by revision when it repairs what a document holds',
        file: 'src/replication/target/difference-session.ts',
        find: 'withRevisions(ranges, [...altered].map(decodeRevision))',
        replace: 'withRevisions(ranges, [])',
        killedIn: CHECK_TEST,
      },
      {
        what: 'says that a repair has helped without looking',
        file: 'src/replication/target/shard-check.ts',
        find: "this.#result = { ...told, state: 'comparing', compared: 0, repaired: moved };",
        replace: "this.#result = { ...told, state: 'equal', compared: 0, repaired: moved };",
        killedIn: CHECK_UNIT_TEST,
      },
    ],
  },
];
