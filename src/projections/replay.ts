import { headOf } from '../events/chain.ts';
import type { Commit, EventLog } from '../events/log.ts';
import { ControlPlane, type ControlState, initialControlState } from './control-state.ts';
import { plainJson } from './plain.ts';

/**
 * A place in the log: a position, or a time. A time means the last commit before the first one that is later: clocks of
 * masters may differ, and the log's order is the positions.
 */
export type LogPlace = { readonly position: number } | { readonly timeMs: number };

export interface ReplayedPlane {
  readonly state: ControlState;
  readonly position: number;
  /** Time of the last commit that counts; `''` when there is none. */
  readonly at: string;
}

/** The log does not reach the wanted place. */
export class PlaceNotKept extends Error {
  override readonly name = 'PlaceNotKept';
}

const REPLAY_LIMIT = 512;

/** Names of what can be shown of a state; `all` is everything. */
export const projectionNames: readonly string[] = ['all', ...Object.keys(initialControlState).sort()];

/** One projection of a state, as plain JSON; undefined for a name that there is none of. */
export function projectionOf(state: ControlState, name: string): unknown {
  if (!projectionNames.includes(name)) return undefined;
  return plainJson(name === 'all' ? state : state[name as keyof ControlState]);
}

/**
 * The state at one or more places, by one replay from the beginning of what is kept. `places` in any order; the answer
 * has theirs. Throws {@link PlaceNotKept} for a position that the log has not reached, or that was archived.
 */
export async function replayTo(
  log: EventLog,
  places: readonly LogPlace[],
  signal?: AbortSignal,
): Promise<readonly ReplayedPlane[]> {
  const plane = new ControlPlane();
  const found = new Map<LogPlace, ReplayedPlane>();
  let last: Commit | undefined;
  const now = (): ReplayedPlane => ({ state: plane.state, position: plane.position, at: last?.at ?? '' });
  const settle = (next: Commit | undefined) => {
    for (const place of places)
      if (!found.has(place) && isReached(place, plane.position, next)) found.set(place, now());
  };
  while (found.size < places.length) {
    const commits = await log.read(plane.head, REPLAY_LIMIT, signal);
    for (const commit of commits) {
      if (last === undefined) refuseArchived(places, commit);
      settle(commit);
      if (found.size === places.length) break;
      plane.apply(commit);
      last = commit;
    }
    if (commits.length === 0) {
      settle(undefined);
      break;
    }
  }
  return places.map((place) => {
    const reached = found.get(place);
    if (reached === undefined) throw new PlaceNotKept(`the log ends at position ${plane.position}${describe(place)}`);
    return reached;
  });
}

/** Whether the state before `next` is the one of the place; undefined: the log ends here. */
function isReached(place: LogPlace, position: number, next: Commit | undefined): boolean {
  if ('position' in place) return position === place.position;
  return next === undefined || Date.parse(next.at) > place.timeMs;
}

/** What was archived is not in the log; the state commit itself is the earliest that can be shown. */
function refuseArchived(places: readonly LogPlace[], first: Commit): void {
  const start = headOf(first).position;
  if (start === 1) return;
  for (const place of places) {
    const isBefore = 'position' in place ? place.position < start : Date.parse(first.at) > place.timeMs;
    if (isBefore) {
      throw new PlaceNotKept(`the log begins at position ${start} (${first.at}): what came before was archived`);
    }
  }
}

function describe(place: LogPlace): string {
  return 'position' in place ? `, not at ${place.position}` : '';
}
