import { logsOf, type Pair, startPair } from '../e2e/support/pair.ts';
import { Play } from './play.ts';
import { confirmed, same } from './same.ts';

/** One seed in so many has single servers, where collections are renamed. */
const SINGLE_EVERY = 4;

export interface SeedResult {
  readonly seed: number;
  readonly failure: string | undefined;
  /** What was done, the newest last. */
  readonly lines: readonly string[];
  /** What the masters said of the target in the end, and all that the processes wrote; of a failure only. */
  readonly logs: string;
  readonly operations: number;
  readonly faults: number;
  readonly documents: number;
  readonly structures: number;
  /** What each part took. */
  readonly phases: readonly Phase[];
}

export interface Phase {
  readonly name: string;
  readonly tookMs: number;
}

/** Plays the operations of one seed at the source of a new pair, then demands that both sides are the same, byte by byte. */
export async function runSeed(seed: number, operations: number): Promise<SeedResult> {
  const phases: Phase[] = [];
  const timed = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    try {
      return await work;
    } finally {
      phases.push({ name, tookMs: performance.now() - startedAt });
    }
  };
  const size = seed % SINGLE_EVERY === 0 ? { dbServers: 0, coordinators: 0 } : { dbServers: 3, coordinators: 2 };
  const pair = await timed('starting', startPair({ masters: 2, workers: 2, ...size, clockBehind: '1h' }));
  const play = new Play(pair, seed, operations);
  let names: string[] = [];
  let failure: string | undefined;
  let logs = '';
  try {
    await timed('following', play.begin());
    await timed('playing', play.run());
    names = [...(await timed('settling', same(pair))).keys()];
    await timed('confirming', confirmed(pair));
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    logs = await lastWords(pair);
  } finally {
    await timed('stopping', pair.stop());
  }
  const documents = names.filter((name) => name.startsWith('document ')).length;
  const structures = names.length - documents;
  const played = { lines: play.lines, operations: play.operations, faults: play.faults };
  return { seed, failure, logs, ...played, documents, structures, phases };
}

async function lastWords(pair: Pair): Promise<string> {
  const told = async (...words: string[]) => {
    try {
      return (await pair.command(words, pair.target)).output;
    } catch (error) {
      return String(error);
    }
  };
  return [await told('get', 'status', '-v'), await told('events', 'list', '--limit=2000'), logsOf(pair)].join('\n\n');
}
