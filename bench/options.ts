import { parseArgs } from 'node:util';

/** A reason to end with one line: it names the option or the benchmark. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

/** What a benchmark is told. Each takes some of these ({@link BENCH_OPTIONS}); the others have their defaults. */
export interface BenchOptions {
  readonly json: boolean;
  /** Of one turn. */
  readonly seconds: number;
  readonly rounds: number;
  readonly shards: readonly number[];
  readonly events: number;
  readonly documents: number;
  readonly mib: number;
  /** Documents written per second. */
  readonly rate: number;
  /** Round trip of the link between the datacenters, ms. */
  readonly rtt: number;
  /** Segments lost on that link, per cent. */
  readonly loss: number;
  /** Whom the target's workers reach: the source's workers themselves, or its master, which passes everything on. */
  readonly through: 'workers' | 'masters';
  /** Only the cases whose names begin so. */
  readonly only: string;
}

/** Options that each benchmark takes beside `--json`, with their defaults. */
export const BENCH_OPTIONS = {
  embedded: { seconds: '5' },
  stream: { seconds: '5', rounds: '5', shards: '1,16,256', rtt: '0', loss: '0', through: 'workers' },
  copy: { rounds: '3', shards: '16', mib: '512', through: 'workers' },
  shards: { seconds: '5', rounds: '2', shards: '1,10,100,1000,10000', rate: '2000', through: 'workers' },
  log: { events: '1000000' },
  control: { shards: '10000' },
  difference: { documents: '1000000' },
  check: { shards: '1000' },
  stall: { mib: '2048', shards: '1000', only: '' },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<Exclude<keyof BenchOptions, 'json'>, string>>>>>;

export type BenchName = keyof typeof BENCH_OPTIONS;

const NOTHING: Record<Exclude<keyof BenchOptions, 'json'>, string> = {
  ...{ seconds: '5', rounds: '5', shards: '1', events: '1', documents: '1', mib: '1', rate: '1' },
  ...{ rtt: '0', loss: '0', through: 'workers', only: '' },
};

/** The benchmark and its options. Throws {@link BadOption} for what it does not know or cannot take. */
export function readOptions(argv: readonly string[]): { readonly name: BenchName; readonly options: BenchOptions } {
  const [word, ...more] = argv.filter((argument) => !argument.startsWith('-'));
  if (word === undefined) throw new BadOption(`no benchmark is named${argv.map((flag) => ` for ${flag}`)}: ${usage()}`);
  if (!isBench(word)) throw new BadOption(`no benchmark '${word}': ${usage()}`);
  if (more.length > 0) throw new BadOption(`'${more.join(' ')}' is too much: ${usageOf(word)}`);
  const defaults: Readonly<Record<string, string>> = BENCH_OPTIONS[word];
  const { values } = parse(argv, word, defaults);
  const { json = false, ...given } = values;
  const texts = { ...NOTHING, ...defaults, ...given };
  const whole = (flag: 'seconds' | 'rounds' | 'events' | 'documents' | 'mib' | 'rate') =>
    numberOf(flag, texts[flag], (value) => value > 0 && (flag === 'seconds' || Number.isInteger(value)));
  const options: BenchOptions = {
    json: json === true,
    seconds: whole('seconds'),
    rounds: whole('rounds'),
    shards: texts.shards
      .split(',')
      .map((text) => numberOf('shards', text, (value) => value > 0 && Number.isInteger(value))),
    events: whole('events'),
    documents: whole('documents'),
    mib: whole('mib'),
    rate: whole('rate'),
    rtt: numberOf('rtt', texts.rtt, (value) => value >= 0),
    loss: numberOf('loss', texts.loss, (value) => value >= 0 && value < 100),
    through: oneOf('through', texts.through, ['workers', 'masters']),
    only: texts.only,
  };
  return { name: word, options };
}

function isBench(word: string): word is BenchName {
  return Object.hasOwn(BENCH_OPTIONS, word);
}

function parse(argv: readonly string[], name: BenchName, defaults: Readonly<Record<string, string>>) {
  const known = Object.keys(defaults).map((flag) => [flag, { type: 'string' }] as const);
  const flags = { ...Object.fromEntries(known), json: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true });
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new BadOption(`${reason}; ${usageOf(name)}`);
  }
}

function numberOf(flag: string, text: string, isTaken: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || !isTaken(value)) throw new BadOption(`--${flag}=${text} cannot be taken`);
  return value;
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((value) => value === text);
  if (found === undefined) throw new BadOption(`--${flag}=${text} is none of ${known.join(', ')}`);
  return found;
}

function usage(): string {
  return `npm run bench ${Object.keys(BENCH_OPTIONS).join('|')}`;
}

function usageOf(name: BenchName): string {
  const flags = Object.entries(BENCH_OPTIONS[name]).map(([flag, value]) => `--${flag}=${value}`);
  return `npm run bench ${name} -- ${['--json', ...flags].join(' ')}`;
}
