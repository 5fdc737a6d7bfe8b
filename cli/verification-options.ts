import { parseDuration } from './duration.ts';
import { UsageError } from './errors.ts';
import { flag, type OptionValues, text } from './options.ts';

const EVERY = '24h';
/** Less would be a check without end. */
const EVERY_MS_MIN = 600_000;

export const verificationOptions = {
  verifyEvery: text('sync.verify-every', {
    placeholder: 'duration|off',
    description: `Compare every shard with the source so often, at least 10m (default: ${EVERY})`,
  }),
  verifyDeep: flag('sync.verify-deep', {
    description: 'Compare what documents hold then, not their revisions alone; reads them all, on both sides',
  }),
};

/** Undefined when shards are to be compared only by `check sync`. Throws {@link UsageError}. */
export function verificationOf({
  verifyEvery = EVERY,
  verifyDeep: deep,
}: OptionValues<typeof verificationOptions>): { readonly everyMs: number; readonly deep: boolean } | undefined {
  if (verifyEvery === 'off') {
    if (!deep) return undefined;
    throw new UsageError('--sync.verify-deep goes with --sync.verify-every, which is off');
  }
  const everyMs = parseDuration(verifyEvery);
  if (everyMs === undefined) {
    throw new UsageError(`--sync.verify-every must be a duration such as 24h, or off, not '${verifyEvery}'`);
  }
  if (everyMs < EVERY_MS_MIN) throw new UsageError(`--sync.verify-every must be at least 10m, not ${verifyEvery}`);
  return { everyMs, deep };
}
