import { byText } from '../../domain/collections.ts';
import type { Verification } from '../../domain/verification/state.ts';
import type { VerificationInfo } from '../../wire/verification-info.ts';
import type { RunningPass } from '../reconcile/verification.ts';

/** Shards that are listed; there may be thousands when something is wrong as a whole. */
const LISTED_MAX = 100;

/** How the target compares with its source; `running` is known where the leader is asked. */
export function verificationInfo(
  { lastPass, differences }: Verification,
  running: RunningPass | undefined,
): VerificationInfo {
  const listed = [...differences].sort(([a], [b]) => byText(a, b)).slice(0, LISTED_MAX);
  return {
    ...(lastPass === null ? {} : { last_pass: passOf(lastPass) }),
    ...(running === undefined
      ? {}
      : {
          running: { started_at: running.startedAt, compared: running.counts.compared, shards: running.counts.shards },
        }),
    different_count: differences.size,
    different: listed.map(([, { shard, at, by, detail, documents }]) => ({
      ...shard,
      found_at: at,
      found_by: by,
      detail,
      ...(documents === undefined
        ? {}
        : { documents: documents.map(({ document: key, difference }) => ({ key, difference })) }),
    })),
  };
}

function passOf({
  startedAt,
  at,
  deep,
  shards,
  different,
  unknown,
  unknownBecause,
}: NonNullable<Verification['lastPass']>) {
  const because = unknownBecause === undefined ? {} : { unknown_because: unknownBecause };
  return { started_at: startedAt, ended_at: at, deep, shards, different, unknown, ...because };
}
