import type { VerificationInfo } from '../../src/wire/verification-info.ts';

/** Shards that are named without `--verbose`. */
const SHOWN_MAX = 10;

/** When every shard was compared with the source last, and which are known to differ. */
export function verificationLines(info: VerificationInfo | undefined, verbose: boolean): string[] {
  if (info === undefined) return [];
  const { different, different_count: count } = info;
  const shown = verbose ? different : different.slice(0, SHOWN_MAX);
  const lines = shown.map(
    ({ database, collection, shardIndex, detail, found_at: since }) =>
      `DIFFERENT since ${since}: ${database}/${collection} shard ${shardIndex}: ${detail}`,
  );
  if (count > shown.length) lines.push(`… and ${count - shown.length} shards more that differ`);
  if (count > 0) lines.push("'arangosync check sync --repair' catches up with the source what differs");
  return [...passLines(info), ...lines];
}

function passLines({ last_pass: last, running }: VerificationInfo): string[] {
  const now = running === undefined ? '' : `; now at shard ${running.compared} of ${running.shards}`;
  if (last === undefined) return running === undefined ? [] : [`Compared with the source: not yet${now}`];
  const { ended_at: at, shards, different, unknown, unknown_because: because, deep } = last;
  const found = different === 0 && unknown === 0 ? 'all equal' : `${different} different, ${unknown} unknown`;
  const why = because === undefined ? '' : ` (${because})`;
  return [`Compared with the source: ${shards} shards at ${at}${deep ? ', by content' : ''}: ${found}${why}${now}`];
}
