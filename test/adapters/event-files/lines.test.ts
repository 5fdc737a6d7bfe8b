import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCommits } from '../../../src/adapters/event-files/read-commits.ts';
import { textLines } from '../../../src/adapters/event-files/text-lines.ts';
import { writeCommits } from '../../../src/adapters/event-files/write-commits.ts';
import { streamLines } from '../../../src/adapters/http/stream-lines.ts';
import { ApiError } from '../../../src/wire/api-error.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe('lines of a stream', () => {
  it('are the same however the bytes are cut, also within a character', async () => {
    const bytes = new TextEncoder().encode('{"a":"ü🂡"}\n\n{"b":2}\nlast');
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks = async function* () {
        for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
      };
      expect(await collect(textLines(chunks()))).toEqual(['{"a":"ü🂡"}', '{"b":2}', 'last']);
    }
  });
});

describe('a file of commits', () => {
  it('is read as it was written, file after file, and tells a line that is no JSON', async () => {
    const [one, two] = [join(folder, 'deep/one'), join(folder, 'two')];
    expect(await writeCommits(one, toAsync([{ a: 1 }, { b: 2 }]))).toBe(2);
    writeFileSync(two, 'broken\n{"c":3}\n');
    expect(await collect(readCommits([one, two]))).toEqual([{ a: 1 }, { b: 2 }, undefined, { c: 3 }]);
  });

  it('never appears by half, and stays as it was when the next cannot be written', async () => {
    const path = join(folder, 'kept/file');
    await writeCommits(path, toAsync([{ a: 1 }]));
    const breaking = async function* () {
      yield { b: 2 };
      throw new Error('the log cannot be read');
    };
    await expect(writeCommits(path, breaking())).rejects.toThrow('cannot be read');
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n');
    await expect(writeCommits(join(folder, 'kept/other'), breaking())).rejects.toThrow('cannot be read');
    expect(existsSync(join(folder, 'kept/other'))).toBe(false);
    expect(readdirSync(join(folder, 'kept'))).toEqual(['file']);
  });
});

describe('an answer in lines', () => {
  const never = new AbortController().signal;

  it('brings each line as it is told', async () => {
    const answer = await streamLines(async (tell) => {
      await tell({ a: 1 });
      await tell({ b: 2 });
    }, never);
    expect(await answer.text()).toBe('{"a":1}\n{"b":2}\n');
  });

  it('fails like any call before its first line, and says so afterwards', async () => {
    const refusing = streamLines(() => Promise.reject(new ApiError(503, 'not now')), never);
    await expect(refusing).rejects.toThrow('not now');
    const broken = await streamLines(async (tell) => {
      await tell({ a: 1 });
      throw new ApiError(503, 'not any more');
    }, never);
    expect(await broken.text()).toBe('{"a":1}\n{"error":"not any more"}\n');
  });

  it('stops the work when the caller goes away', async () => {
    const stopped = Promise.withResolvers<void>();
    const answer = await streamLines(async (tell, signal) => {
      signal.addEventListener('abort', () => stopped.resolve());
      for (;;) {
        signal.throwIfAborted();
        await tell({ a: 1 });
      }
    }, never);
    await answer.body?.cancel();
    await stopped.promise;
  });
});

async function* toAsync<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
