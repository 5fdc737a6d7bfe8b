import { describe, expect, test } from 'vitest';
import { BadOption, readOptions } from '../../bench/options.ts';
import { runProgram } from './run-bench.ts';

describe('options of the benchmarks', () => {
  test('are those of the benchmark, over its defaults', () => {
    expect(readOptions(['stream', '--shards=1,16', '--rtt=100', '--json'])).toMatchObject({
      name: 'stream',
      options: { json: true, seconds: 5, rounds: 5, shards: [1, 16], rtt: 100, loss: 0 },
    });
    expect(readOptions(['shards']).options.shards).toEqual([1, 10, 100, 1_000, 10_000]);
  });

  test.each([
    [['--unknown'], '--unknown'],
    [['stream', '--unknown'], '--unknown'],
    [['difference', '--rtt=100'], '--rtt'],
    [['stream', '--seconds=x'], '--seconds=x'],
    [['stream', '--seconds='], '--seconds='],
    [['stream', '--rounds=1.5'], '--rounds=1.5'],
    [['stream', '--shards=1,,2'], '--shards='],
    [['stream', '--shards=0'], '--shards=0'],
    [['stream', '--loss=100'], '--loss=100'],
    [['stream', '--rtt=-1'], '--rtt=-1'],
    [['stream', '--rtt'], '--rtt'],
    [['nothing'], 'nothing'],
    [['stream', 'copy'], 'copy'],
  ])('%j is refused by one line that names %s', (argv, named) => {
    const refused = () => readOptions(argv);
    expect(refused).toThrow(BadOption);
    expect(refused).toThrow(named);
    expect(refused).not.toThrow('\n');
  });

  test('what is refused ends the program with 2 and one line', async () => {
    const { exit, errors, output } = await runProgram(['stream', '--seconds=x']);
    expect({ exit, output }).toEqual({ exit: 2, output: '' });
    expect(errors).toBe('--seconds=x cannot be taken\n');
  });
});
