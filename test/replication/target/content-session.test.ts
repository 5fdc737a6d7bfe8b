import { describe, expect, test } from 'vitest';
import type { DifferenceQuestion } from '../../../src/replication/queue.ts';
import { type ContentOptions, ContentSession } from '../../../src/replication/target/content-session.ts';
import { TARGET_LIMITS } from '../../../src/replication/target/environment.ts';
import { documentsOf, type Operation } from '../../../src/replication/target/lines.ts';
import { ShardProgress } from '../../../src/replication/target/shard-progress.ts';
import type { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { shardTarget } from './a-target.ts';
import { testEnvironment } from './harness.ts';
import { documentLine } from './operations.ts';

const NEVER = new AbortController().signal;
const [OWN, THEIRS, LATER] = ['_kEJrpFq---', '_kEJrpFq--_', '_kEJrpFq--A'] as const;

/** A session over a target in memory; all that it does is noted in order. */
class Trial {
  readonly done: string[] = [];
  readonly removed: Operation[] = [];
  readonly asked: Extract<DifferenceQuestion, { kind: 'absent' }>[] = [];
  readonly progress = new ShardProgress();
  readonly session: ContentSession;
  readonly #shards: ReadonlyMap<string, Map<string, string>>;

  /** Document texts by key, by shard. */
  constructor(shards: Record<string, readonly string[]>, more: Partial<ContentOptions> = {}) {
    const keyed = (lines: readonly string[]) =>
      new Map(documentsOf(Buffer.from(lines.join('\n'))).map(({ key, bytes }) => [key, Buffer.from(bytes).toString()]));
    this.#shards = new Map(Object.entries(shards).map(([name, lines]) => [name, keyed(lines)]));
    const names = [...this.#shards.keys()].map((name) => ({ name, leader: 'PRMR-1' }));
    const target = shardTarget({ shards: names, isOneToOne: false, keepsRevisions: false, revisionOrder: false });
    this.session = new ContentSession({
      target,
      isBlank: false,
      stored: async (keys) => {
        this.done.push(`look ${keys.join()}`);
        return keys.map((key) => this.#find(key));
      },
      openBatch: async ({ name }) => this.#batch(name),
      ask: (question) => {
        this.done.push(question.kind === 'absent' ? `ask ${question.of} ${question.keys.join()}` : question.kind);
        if (question.kind === 'absent') this.asked.push(question);
      },
      ports: {
        write: async (documents) => {
          this.done.push(`write ${documents.map(({ key }) => key).join()}`);
          this.progress.copied(documents.length, 0, 0);
        },
        remove: async (documents) => {
          this.done.push(`remove ${documents.map(({ key }) => key).join()}`);
          this.removed.push(...documents);
        },
        insert: async (documents) => void this.done.push(`insert ${documents.map(({ key }) => key).join()}`),
        settle: async () => undefined,
        checked: (documents) => documents,
      },
      progress: this.progress,
      environment: testEnvironment(),
      limits: TARGET_LIMITS,
      ...more,
    });
  }

  copy(lines: readonly string[], last = true): Promise<boolean> {
    const header = { kind: 'copy', channel: 'c', stream: 's', seq: 2, documents: lines.length, last } as const;
    return this.session.take(header, Buffer.from(lines.map((line) => `${line}\n`).join('')), NEVER);
  }

  absent(...keys: string[]): Promise<boolean> {
    return this.session.take(
      { kind: 'absent', channel: 'c', stream: 's', seq: 3 },
      Buffer.from(JSON.stringify(keys)),
      NEVER,
    );
  }

  #find(key: string): Buffer | undefined {
    for (const documents of this.#shards.values()) {
      const text = documents.get(key);
      if (text !== undefined) return Buffer.from(text);
    }
    return undefined;
  }

  #batch(name: string): TargetBatch {
    let chunk: string | undefined = [...(this.#shards.get(name)?.values() ?? [])].join('\n');
    const nextDocuments = async () => {
      const documents = chunk === undefined ? undefined : documentsOf(Buffer.from(chunk));
      chunk = undefined;
      this.done.push(`dump ${name}`);
      return documents;
    };
    return { nextDocuments, keepAlive: async () => undefined, close: async () => undefined } as unknown as TargetBatch;
  }
}

describe('a shard that is compared by content', () => {
  test('gets what it has not, or not so, whatever the revisions are', async () => {
    const trial = new Trial({ s1: [documentLine('same', OWN, { n: 1 }), documentLine('old', OWN, { n: 1 })] });
    const wanted = [
      documentLine('same', THEIRS, { n: 1 }),
      documentLine('old', OWN, { n: 2 }),
      documentLine('new', LATER),
    ];
    expect(await trial.copy(wanted, false)).toBe(false);
    expect(trial.done).toEqual(['look same,old,new', 'write old,new']);
    expect(trial.progress.documentsCopied).toBe(2);
  });

  test('S2: holds a document for surplus only when the source has its key nowhere, and after it was read', async () => {
    const [mine, others] = [documentLine('mine', OWN), documentLine('of another shard', OWN)];
    const trial = new Trial({ s1: [mine], s2: [others, documentLine('gone', LATER)] });
    expect(await trial.copy([mine])).toBe(false);
    expect(trial.done.slice(2)).toEqual([
      'dump s1',
      'ask collection mine',
      'dump s1',
      'dump s2',
      'ask collection of another shard,gone',
      'dump s2',
    ]);
    expect(await trial.absent()).toBe(false);
    expect(await trial.absent('gone')).toBe(true);
    // By the revision that was read: another one has been written since, and is spared.
    expect(trial.removed).toMatchObject([{ kind: 'remove', key: 'gone', revision: LATER }]);
    expect(trial.done.at(-1)).toBe('compared');
    expect(trial.session.settlement).toBe('repaired');
    expect(trial.progress.reason).toContain('1 documents compared, 0 written, 1 removed');
  });

  test('is equal when nothing had to be moved', async () => {
    const trial = new Trial({ s1: [documentLine('a', OWN)] });
    await trial.copy([documentLine('a', THEIRS)]);
    expect(await trial.absent()).toBe(true);
    expect(trial.session.settlement).toBe('equal');
  });

  test('asks its own shard alone where the shards are 1:1', async () => {
    const target = shardTarget({
      isOneToOne: true,
      keepsRevisions: true,
      revisionOrder: false,
      shards: [{ name: 's1', leader: 'P' }],
    });
    const trial = new Trial({ s1: [documentLine('a', OWN)] }, { target });
    await trial.copy([documentLine('a', THEIRS)]);
    expect(trial.done).toContain('write a');
    expect(trial.asked).toMatchObject([{ of: 'shard', keys: ['a'] }]);
  });

  test('looks for nothing in a blank collection', async () => {
    const trial = new Trial({ s1: [] }, { isBlank: true });
    expect(await trial.copy([documentLine('a', OWN)])).toBe(true);
    expect(trial.done).toEqual(['write a']);
    expect(trial.session.settlement).toBe('copied');
  });

  test('refuses answers that it did not ask for', async () => {
    await expect(new Trial({ s1: [] }).absent('a')).rejects.toThrow('keys came that were not asked for');
  });
});
