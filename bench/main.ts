import { parseArgs } from 'node:util';

/** Numbers of shards, unless others are given. */
const SHARDS: Readonly<Record<string, string>> = { stream: '1,16,256', control: '10000' };

/** Every benchmark by its name; each module exports `run(options)`. */
const BENCHES = {
  embedded: () => import('./embedded.ts'),
  stream: () => import('./stream.ts'),
  log: () => import('./log.ts'),
  control: () => import('./control.ts'),
  difference: () => import('./difference.ts'),
} as const;

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    shards: { type: 'string' },
    events: { type: 'string', default: '1000000' },
    documents: { type: 'string', default: '1000000' },
  },
  allowPositionals: true,
});

const [name = ''] = positionals;
const load = Object.entries(BENCHES).find(([bench]) => bench === name)?.[1];
if (load === undefined) {
  console.error(
    `unknown benchmark '${name}': npm run bench ${Object.keys(BENCHES).join('|')} [-- --json --seconds=5 --rounds=5 --events=1000000 --documents=1000000 --shards=1,16,256]`,
  );
  process.exitCode = 2;
} else {
  const { run } = await load();
  await run({
    json: values.json,
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    shards: (values.shards ?? SHARDS[name] ?? '').split(',').map(Number),
    events: Number(values.events),
    documents: Number(values.documents),
  });
}
