import { type RateLimit, type SetThrottle, THROTTLED, ThrottleInfo } from '../../src/wire/throttle.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { rate } from '../options.ts';
import { outputOptions, printAnswer } from '../output.ts';
import { formatRate } from '../rate.ts';
import { isLimited, THROTTLE_NAMES } from '../status/throttle-line.ts';

const PATH = '/_api/throttle';

export const setThrottle = defineCommand({
  words: 'set throttle',
  summary:
    'Limit what this datacenter reads and sends as a source and writes as a target, in all: its workers get equal parts',
  options: {
    ...masterOptions,
    sourceRead: rate('source-read', {
      description:
        'Reads from the database of this datacenter where it is a source: 50MiB/s, 20000ops/s, both, or none',
    }),
    link: rate('link', {
      description: 'What this datacenter sends to its targets, as packed on the wire: set it at the source',
    }),
    targetWrite: rate('target-write', {
      description: 'Writes to the database of this datacenter where it is a target',
    }),
  },
  run: async (values, terminal) => {
    const { sourceRead, link, targetWrite } = values;
    const body: SetThrottle = {
      ...(sourceRead === undefined ? {} : { sourceRead }),
      ...(link === undefined ? {} : { link }),
      ...(targetWrite === undefined ? {} : { targetWrite }),
    };
    if (Object.keys(body).length === 0) {
      throw new UsageError('name a limit: --source-read, --link or --target-write, such as --link=50MiB/s');
    }
    const info = await withMasters(values, terminal, async (masters) => {
      await masters.tell({ method: 'PUT', path: PATH, body });
      return masters.ask({ method: 'GET', path: PATH }, ThrottleInfo);
    });
    for (const line of describeThrottle(info)) terminal.out(line);
    return 0;
  },
});

export const getThrottle = defineCommand({
  words: 'get throttle',
  summary: 'Show the limits of this datacenter and among how many workers each is divided',
  options: { ...masterOptions, ...outputOptions },
  run: async (values, terminal) => {
    const info = await withMasters(values, terminal, (masters) =>
      masters.ask({ method: 'GET', path: PATH }, ThrottleInfo),
    );
    printAnswer(values.output, info, () => describeThrottle(info), terminal);
    return 0;
  },
});

function describeThrottle(info: ThrottleInfo): string[] {
  return THROTTLED.map((kind) => `${capital(THROTTLE_NAMES[kind])}: ${formatRate(info[kind])}${shares(info[kind])}`);
}

function shares(limit: RateLimit & { readonly workers: number }): string {
  const { bytesPerSecond, operationsPerSecond, workers } = limit;
  if (!isLimited(limit)) return '';
  if (workers === 0) return ', without effect now: no worker here does that';
  if (workers === 1) return ' in all, by 1 worker';
  const part = (total: number | null) => (total === null ? null : Math.floor(total / workers));
  const each = { bytesPerSecond: part(bytesPerSecond), operationsPerSecond: part(operationsPerSecond) };
  return ` in all, by ${workers} workers: ${formatRate(each)} each`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
