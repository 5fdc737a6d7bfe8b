import { expect, it } from 'vitest';
import { runCheck } from '../../../cli/check/run-check.ts';
import { commands } from '../../../cli/commands/index.ts';
import { CommandFailed } from '../../../cli/errors.ts';
import type { MasterCall, MasterClient } from '../../../cli/master-client.ts';
import { runProgram } from '../../../cli/program.ts';
import type { CheckCounts, CheckFinding, CheckLine, CheckRequest } from '../../../src/wire/check.ts';

const finding: CheckFinding = { database: 'd', collection: 'c', shardIndex: 1, result: 'different', detail: 'x' };
const counts = (shards: number, compared: number, different = 0): CheckCounts => ({
  ...{ shards, compared, equal: compared - different },
  ...{ different, unknown: 0, repaired: 0 },
});
const progress = (after: string | undefined, of: CheckCounts): CheckLine => ({
  line: 'progress',
  ...of,
  documents: 0,
  ...(after === undefined ? {} : { after }),
});

/** Masters that answer one call after the other with these lines; `broken` ends an answer. */
function mastersWith(...answers: readonly (readonly (CheckLine | 'broken')[])[]) {
  const calls: CheckRequest[] = [];
  const masters: Pick<MasterClient, 'lines'> = {
    async *lines<T>(call: MasterCall) {
      calls.push(call.body as CheckRequest);
      for (const line of answers[calls.length - 1] ?? ['broken' as const]) {
        if (line === 'broken') throw new CommandFailed('the answer broke off');
        yield line as T;
      }
    },
  };
  return { masters: masters as MasterClient, calls };
}

async function run(masters: MasterClient, interrupted = new AbortController().signal) {
  const found: CheckFinding[] = [];
  const shown: CheckCounts[] = [];
  const listener = {
    onFinding: (each: CheckFinding) => found.push(each),
    onProgress: (each: CheckCounts) => shown.push(each),
  };
  const result = await runCheck(masters, { deep: true }, listener, interrupted);
  return { result, found, shown };
}

it('goes on where the answer broke off, tells nothing twice, and counts everything once', async () => {
  const { masters, calls } = mastersWith(
    [progress(undefined, counts(10, 0)), progress('d/c/3', counts(10, 4)), { line: 'finding', finding }, 'broken'],
    [
      progress('d/c/3', counts(6, 0)),
      { line: 'finding', finding },
      progress('d/c/9', counts(6, 6, 1)),
      { line: 'result', ...counts(6, 6, 1) },
    ],
  );
  const { result, found, shown } = await run(masters);
  expect(calls).toEqual([{ deep: true }, { deep: true, after: 'd/c/3' }]);
  expect(found).toEqual([finding]);
  expect(result).toEqual(counts(10, 10, 1));
  expect(shown.map(({ compared, shards }) => `${compared}/${shards}`)).toEqual(['0/10', '4/10', '4/10', '10/10']);
});

it('does not take an answer that ends without a result for the end', async () => {
  const { masters, calls } = mastersWith(
    [progress('d/c/3', counts(10, 4))],
    [progress('d/c/9', counts(6, 6)), { line: 'result', ...counts(6, 6) }],
  );
  expect((await run(masters)).result).toEqual(counts(10, 10));
  expect(calls).toHaveLength(2);
});

it('a refusal is not asked again', async () => {
  const { masters, calls } = mastersWith(['broken']);
  await expect(run(masters)).rejects.toThrow('the answer broke off');
  expect(calls).toHaveLength(1);
});

it('interrupted, names the shard behind which it can be taken up', async () => {
  const stop = new AbortController();
  stop.abort();
  const { masters } = mastersWith([progress('d/c/3', counts(10, 4)), 'broken']);
  await expect(run(masters, stop.signal)).rejects.toThrow("interrupted; go on with --after='d/c/3'");
});

it.each([
  [['--collection=c'], '--collection goes with --database'],
  [['--timeout=0s'], '--timeout must be longer than nothing'],
  [['--timeout=soon'], "--timeout must be a duration such as 15m or 3h, not 'soon'"],
])('check sync %s is refused in one line', async (flags, text) => {
  const said: string[] = [];
  const terminal = {
    out: (line: string) => void said.push(line),
    err: (line: string) => void said.push(line),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const who = ['--master.endpoint=https://127.0.0.1:1', '--auth.user=root', '--auth.password=x'];
  expect(await runProgram(['check', 'sync', ...who, ...flags], commands, terminal, {})).toBe(2);
  expect(said.filter((line) => line.includes(text))).toHaveLength(1);
});
