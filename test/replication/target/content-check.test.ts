import { expect, test } from 'vitest';
import type { DocumentQuestion, LogEnd } from '../../../src/replication/queue.ts';
import { toldOf } from '../../../src/replication/shard-contents.ts';
import { ContentCheck } from '../../../src/replication/target/content-check.ts';
import { TARGET_LIMITS } from '../../../src/replication/target/environment.ts';
import { documentsOf } from '../../../src/replication/target/lines.ts';
import { behindOf } from '../../../src/replication/target/shard-positions.ts';
import type { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { NotTold, type Told } from '../../../src/replication/target/told-answers.ts';
import { shardTarget } from './a-target.ts';
import { testEnvironment } from './harness.ts';
import { documentLine } from './operations.ts';

const NEVER = new AbortController().signal;
const REVISIONS = ['_kEJrpFq---', '_kEJrpFq--_', '_kEJrpFq--A', '_kEJrpFq--B'] as const;
const SERVER = 'server';

/** Both sides in memory; `onLook` is called when the source has told what it holds under keys, to change either. */
class Trial {
  readonly source = new Map<string, string>();
  readonly target = new Map<string, string>();
  /** Newest tick of the source's log, and up to where the target has applied it. */
  end = 10;
  applied = 10;
  waits = 0;
  /** How far the target was whenever its documents were read. */
  readonly readAt: number[] = [];
  readonly check: ContentCheck;

  constructor(onLook: (trial: Trial, look: number) => void = () => undefined) {
    let looks = 0;
    this.check = new ContentCheck({
      target: shardTarget({
        ...{ isOneToOne: false, keepsRevisions: false, revisionOrder: false },
        shards: [{ name: 's1', leader: 'P' }],
      }),
      ask: async (question) => {
        const told = this.#told(question);
        if (!('look' in question) || question.ends !== true) return told;
        looks += 1;
        onLook(this, looks);
        return told;
      },
      stored: async (keys) => {
        this.readAt.push(this.applied);
        return keys.map((key) => bufferOf(this.target.get(key)));
      },
      openBatch: async () => this.#batch(),
      positions: async () => {
        this.waits += 1;
        // One step with every look.
        this.applied = Math.min(this.end, this.applied + 1);
        return [{ shardIndex: 0, position: { serverId: SERVER, tick: String(this.applied) } }];
      },
      environment: testEnvironment(),
      limits: TARGET_LIMITS,
      onCompared: () => undefined,
      onWait: () => undefined,
    });
  }

  put(
    side: 'source' | 'target',
    key: string,
    n: number,
    revision: (typeof REVISIONS)[number] = REVISIONS[n] ?? REVISIONS[0],
  ): void {
    this[side].set(key, documentLine(key, revision, { n }));
  }

  async named() {
    return (await this.check.run(NEVER)).named();
  }

  #told(question: DocumentQuestion): Told {
    const keys = 'look' in question ? question.look : question.scan === 0 ? [...this.source.keys()] : [];
    const documents = documentsOf(Buffer.from(keys.flatMap((key) => this.source.get(key) ?? []).join('\n')));
    const ends: LogEnd[] = 'look' in question && question.ends ? [{ serverId: SERVER, tick: String(this.end) }] : [];
    return { documents: documents.map(({ revision, bytes }) => ({ revision, ...toldOf(bytes) })), last: true, ends };
  }

  #batch(): TargetBatch {
    let rest: string | undefined = [...this.target.values()].join('\n');
    const nextDocuments = async () => {
      const documents = rest === undefined ? undefined : documentsOf(Buffer.from(rest));
      rest = undefined;
      return documents;
    };
    return { nextDocuments, keepAlive: async () => undefined, close: async () => undefined } as unknown as TargetBatch;
  }
}

const bufferOf = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));

test('what stays so is named: missing, surplus, altered', async () => {
  const trial = new Trial();
  trial.put('source', 'same', 1);
  trial.put('target', 'same', 1, REVISIONS[2]);
  trial.put('source', 'missing', 1);
  trial.put('source', 'altered', 1);
  trial.put('target', 'altered', 2);
  trial.put('target', 'surplus', 1);
  expect(await trial.named()).toEqual([
    { key: 'altered', difference: 'altered' },
    { key: 'missing', difference: 'missing' },
    { key: 'surplus', difference: 'surplus' },
  ]);
  expect(trial.waits).toBeGreaterThan(0);
});

test('S2: what is only on its way is nothing, whichever way it goes', async () => {
  const trial = new Trial((now, look) => {
    if (look !== 1) return;
    now.put('target', 'comes', 1);
    now.put('target', 'changes', 2);
    now.target.delete('goes');
  });
  trial.put('source', 'comes', 1);
  trial.put('source', 'changes', 2);
  trial.put('target', 'changes', 1);
  trial.put('target', 'goes', 1);
  trial.end = 12;
  expect(await trial.named()).toEqual([]);
});

test('S2: nothing is called different before what the source had in its log is applied', async () => {
  const trial = new Trial();
  trial.put('source', 'k', 2);
  trial.put('target', 'k', 1);
  trial.end = 14;
  trial.applied = 10;
  expect(await trial.named()).toEqual([{ key: 'k', difference: 'altered' }]);
  expect(trial.readAt.at(-1)).toBe(14);
});

test('S2: what was there and gone between two looks is not missing, as long as it comes and goes', async () => {
  const trial = new Trial((now, look) => {
    // Another document with every look, of which none is at the target when it is looked at.
    if (look < 5) now.put('source', 'k', look % 4);
    else now.source.delete('k');
  });
  trial.put('source', 'k', 1, REVISIONS[3]);
  expect(await trial.named()).toEqual([]);
});

test('what comes and goes for ever is neither different nor equal', async () => {
  const trial = new Trial((now, look) => now.put('source', 'k', look % 4));
  trial.put('source', 'k', 0);
  await expect(trial.named()).rejects.toThrow(NotTold);
});

test('positions of servers that were not asked prove nothing', () => {
  const at = (serverId: string, tick: string) => ({ shardIndex: 0, position: { serverId, tick } });
  const ends = [{ serverId: 'a', tick: '100' }];
  expect(behindOf([at('a', '100')], ends)).toBeUndefined();
  expect(behindOf([at('a', '99')], ends)).toBeDefined();
  expect(behindOf([at('b', '1000')], ends)).toBeDefined();
  expect(behindOf([at('a', '100'), { shardIndex: 1, position: undefined }], ends)).toMatchObject({ shardIndex: 1 });
});
