import { actorOf } from '../events/actor.ts';
import { parseCanonical } from '../events/canonical.ts';

/** Version of the shape of `ControlState`: a snapshot of another one is not used. Raise it with every change. */
export const STATE_SCHEMA = 15;

/** Brings a state of one schema into the shape of the next. */
type StateUpcaster = (state: Record<string, unknown>) => Record<string, unknown>;

/**
 * One per older schema, from 1 on. An archived state is all that is left of what came before it, so no schema is ever
 * given up: without its upcaster no master could lead from such a log any more.
 */
const UPCASTERS: readonly StateUpcaster[] = [
  withActors,
  withServerMode,
  withPausesAndEndedEpochs,
  withSuspects,
  withSettledEpoch,
  withRotation,
  withHolds,
  withNumberOffset,
  withRootUserExclusion,
  withSelections,
  withThrottle,
  withVerification,
  withSetEpochs,
  withWishers,
];

/** A state as an archive kept it, in today's shape; undefined when it is of a schema that is not known. */
export function upcastState(canonical: string, schema: number): unknown {
  if (!Number.isInteger(schema) || schema < 1 || schema > STATE_SCHEMA) return undefined;
  const state = parseCanonical(canonical) as Record<string, unknown>;
  return UPCASTERS.slice(schema - 1).reduce((each, upcast) => upcast(each), state);
}

/** 1 → 2: the audit names who asked, as far as the cause did; refusals no longer repeat it. */
function withActors(state: Record<string, unknown>): Record<string, unknown> {
  const audit = state.audit as readonly { cause: string; refused: readonly { caller?: string }[] }[];
  return {
    ...state,
    audit: audit.map((entry) => ({
      ...entry,
      actor: actorOf({ cause: entry.cause }) ?? null,
      refused: entry.refused.map(({ caller: _caller, ...refusal }) => refusal),
    })),
  };
}

/** 2 → 3: barriers, and what holds the deployment read-only. A target that follows was made so by us. */
function withServerMode(state: Record<string, unknown>): Record<string, unknown> {
  const synchronization = state.synchronization as { readonly phase: string };
  const outgoing = state.outgoing as ReadonlyMap<string, object>;
  return {
    ...state,
    synchronization: { ...synchronization, withdrawn: null },
    outgoing: new Map([...outgoing].map(([id, target]) => [id, { ...target, barrier: null }])),
    serverMode: { wishedReadOnly: false, held: synchronization.phase !== 'inactive' },
  };
}

/** 3 → 4: pauses, barriers that were asked for, and which synchronizations of targets have ended; none of before. */
function withPausesAndEndedEpochs(state: Record<string, unknown>): Record<string, unknown> {
  const synchronization = state.synchronization as { readonly configuration: object | null };
  const outgoing = state.outgoing as ReadonlyMap<string, object>;
  const { configuration } = synchronization;
  return {
    ...state,
    synchronization: {
      ...synchronization,
      // 0: it has no number, and is not named to its source.
      configuration: configuration === null ? null : { ...configuration, position: 0 },
      paused: null,
      barrierEpoch: null,
    },
    outgoing: new Map([...outgoing].map(([id, target]) => [id, { ...target, pause: null }])),
    endedEpochs: new Map(),
  };
}

/** 4 → 5: shards to which an old write may still land. Nobody wrote them down before. */
function withSuspects(state: Record<string, unknown>): Record<string, unknown> {
  return { ...state, suspects: new Map() };
}

/** 5 → 6: whether the target is settled. One that follows was taken for it as soon as it was read-only. */
function withSettledEpoch(state: Record<string, unknown>): Record<string, unknown> {
  const synchronization = state.synchronization as { readonly configuration: { readonly epoch: string } | null };
  const settledEpoch = synchronization.configuration?.epoch ?? null;
  return { ...state, synchronization: { ...synchronization, settledEpoch } };
}

/** 6 → 7: workers that are about to end, and the keys in use; until then there was no such thing. */
function withRotation(state: Record<string, unknown>): Record<string, unknown> {
  const workers = state.workers as { readonly byId: ReadonlyMap<string, object> };
  const byId = new Map([...workers.byId].map(([id, worker]) => [id, { ...worker, leaving: false }]));
  const keys = { current: null, retired: [], reencrypted: true, workerCas: [] };
  return { ...state, workers: { ...workers, byId }, keys };
}

/** 7 → 8: for whom this deployment is held read-only. Nobody wrote down whether somebody had been in sync. */
function withHolds(state: Record<string, unknown>): Record<string, unknown> {
  const serverMode = state.serverMode as object;
  return { ...state, serverMode: { ...serverMode, heldFor: null, holdBroken: null } };
}

/** 8 → 9: what is added to positions where they are told to the source; nothing until then. */
function withNumberOffset(state: Record<string, unknown>): Record<string, unknown> {
  const synchronization = state.synchronization as object;
  return { ...state, synchronization: { ...synchronization, numberOffset: 0 } };
}

/** 9 → 10: whether a target keeps its own `root`; users were not replicated. */
function withRootUserExclusion(state: Record<string, unknown>): Record<string, unknown> {
  const settings = state.settings as object;
  return { ...state, settings: { ...settings, excludeRootUser: false } };
}

/** 10 → 11: what is other on purpose on the target, which the next report tells, and what was left out; nothing until then. */
function withSelections(state: Record<string, unknown>): Record<string, unknown> {
  const synchronization = state.synchronization as object;
  const shards = state.shards as object;
  return { ...state, synchronization: { ...synchronization, notes: [] }, shards: { ...shards, leftOut: new Map() } };
}

/** 11 → 12: limits; there were none. */
function withThrottle(state: Record<string, unknown>): Record<string, unknown> {
  const none = { bytesPerSecond: null, operationsPerSecond: null };
  const throttle = { sourceRead: none, link: none, targetWrite: none };
  return { ...state, settings: { ...(state.settings as object), throttle } };
}

/** 12 → 13: what is known of how the target compares with its source. Nobody wrote it down before. */
function withVerification(state: Record<string, unknown>): Record<string, unknown> {
  return { ...state, verification: { lastPass: null, differences: new Map() } };
}

/** 13 → 14: under which epoch a barrier was set; it kept that one until then. */
function withSetEpochs(state: Record<string, unknown>): Record<string, unknown> {
  const outgoing = state.outgoing as ReadonlyMap<string, { readonly barrier: { readonly epoch: string } | null }>;
  const changed = [...outgoing].map(([id, { barrier, ...target }]) => {
    return [id, { ...target, barrier: barrier && { ...barrier, setAs: barrier.epoch } }] as const;
  });
  return { ...state, outgoing: new Map(changed) };
}

/** 14 → 15: at whose stop the deployment was wished read-only; only holds were told apart until then. */
function withWishers(state: Record<string, unknown>): Record<string, unknown> {
  const serverMode = state.serverMode as { readonly heldFor: { readonly targetId: string } | null };
  return { ...state, serverMode: { ...serverMode, wishedFor: serverMode.heldFor?.targetId ?? null } };
}
