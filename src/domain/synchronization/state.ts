import type { Selection } from '../../events/selection/selection.ts';
import type { EventData, KnownEvent } from '../../events/vocabulary.ts';
import type { Occurrence } from '../decision.ts';
import { versionOf } from '../version-of.ts';

/*
 *               SyncConfigured            SyncCancelRequested             SyncStopped
 *   inactive ───────────────────► active ─────────────────────► cancelling ───────────► inactive
 *      ▲                          │    ▲                            ▲
 *      │                          │    └─ SyncCancelWithdrawn: back to active
 *      │               SyncFailed │    │ SyncConfigured             │ SyncCancelRequested
 *      │                          ▼    │ (an operator, again)       │
 *      └ (a first start)         failed ────────────────────────────┘
 *
 * While active it may be paused (SyncPaused, SyncResumed): it keeps its phase, and nothing is received.
 */
export type SyncPhase = 'inactive' | 'active' | 'cancelling' | 'failed';

/** What an operator asked for; without its secrets. */
export interface SyncConfiguration extends EventData<'SyncConfigured'> {
  readonly configuredAt: string;
  /** Where the log has it: rises with every synchronization, and names this one to the source. */
  readonly position: number;
  /** Names the selection as it was given last: the same one, given again after another, is not the same. */
  readonly selectionVersion: string;
}

export type SourceIdentity = EventData<'SourceIdentified'>;
export type StructureProblem = EventData<'StructureProblemsChanged'>['problems'][number];
export type StructureNote = EventData<'StructureNotesChanged'>['notes'][number];

/** The incoming synchronization: this deployment as a target. */
export interface Synchronization {
  readonly phase: SyncPhase;
  /** Null while inactive. Its `epoch` is the current one (S3). */
  readonly configuration: SyncConfiguration | null;
  /** The source as it was met under this configuration; null before the first contact (S1). */
  readonly identity: SourceIdentity | null;
  readonly cancellation: EventData<'SyncCancelRequested'> | null;
  /** Why the last cancellation was given up; null once another command came. */
  readonly withdrawn: EventData<'SyncCancelWithdrawn'> | null;
  /** Nothing is received, positions stay; null while it goes on. */
  readonly paused: (EventData<'SyncPaused'> & { readonly at: string }) | null;
  /** Epoch of the source's barrier that an operator asked for here; null when none was, or it was withdrawn. */
  readonly barrierEpoch: string | null;
  readonly failure: (EventData<'SyncFailed'> & { readonly at: string }) | null;
  /** How the synchronization before ended; null when there was none, or one is configured. */
  readonly lastStop: LastStop | null;
  /** What cannot be replicated, each with its reason. */
  readonly problems: readonly StructureProblem[];
  /** What is other on purpose than on the source. */
  readonly notes: readonly StructureNote[];
  /** The epoch under which nobody's writes of before can land on the target any more; null before one is known. */
  readonly settledEpoch: string | null;
  /** Drops that wait for an operator, `database/collection` (S1). */
  readonly heldDrops: readonly string[];
  /**
   * Added to positions of our log where they name our calls and synchronizations to the source, so that numbers rise also
   * after our log went back; never smaller than before.
   */
  readonly numberOffset: number;
  /** Held drops that an operator confirmed and the inventory task has not reported as done. */
  readonly confirmedDrops: readonly string[];
}

export interface LastStop extends EventData<'SyncStopped'> {
  readonly at: string;
  /** In which mode the target is left. */
  readonly targetServerMode: 'default' | 'readonly';
  /** Set when only a part was replicated: this deployment is no copy of the whole source. */
  readonly partial?: PartialCopy;
}

/** What this deployment has of its source, where that is not everything. */
export interface PartialCopy {
  /** Deployment id of the source; undefined when it was never met. */
  readonly sourceDeployment?: string;
  readonly selection: Selection;
}

export const initialSynchronization: Synchronization = {
  phase: 'inactive',
  configuration: null,
  identity: null,
  cancellation: null,
  withdrawn: null,
  paused: null,
  barrierEpoch: null,
  failure: null,
  lastStop: null,
  problems: [],
  notes: [],
  settledEpoch: null,
  heldDrops: [],
  numberOffset: 0,
  confirmedDrops: [],
};

export function evolveSynchronization(
  state: Synchronization,
  event: KnownEvent,
  occurrence: Occurrence,
): Synchronization {
  const { at, position } = occurrence;
  switch (event.type) {
    case 'SyncConfigured':
      return {
        ...initialSynchronization,
        phase: 'active',
        configuration: { ...event.data, configuredAt: at, position, selectionVersion: versionOf(occurrence) },
        numberOffset: Math.max(state.numberOffset, (event.data.above ?? 0) + 1 - position),
      };
    case 'SyncSelectionChanged':
      return changeSelection(state, event.data.selection, versionOf(occurrence));
    case 'SyncCredentialsReplaced':
      return configured(state, event.data);
    case 'SourceIdentified':
      return { ...state, identity: event.data };
    case 'EpochBegan':
      return beginEpoch(state, event.data.epoch);
    case 'TargetSettled':
      return { ...state, settledEpoch: event.data.epoch };
    case 'SyncCancelRequested':
      return { ...state, phase: 'cancelling', cancellation: event.data, withdrawn: null };
    case 'SyncCancelWithdrawn':
      return { ...state, phase: 'active', cancellation: null, withdrawn: event.data };
    case 'SyncStopped': {
      const targetServerMode = state.cancellation?.targetServerMode ?? 'default';
      const { numberOffset } = state;
      const partial = partialCopy(state);
      const lastStop = { ...event.data, at, targetServerMode, ...(partial === undefined ? {} : { partial }) };
      return { ...initialSynchronization, numberOffset, lastStop };
    }
    case 'SyncFailed':
      return { ...state, phase: 'failed', paused: null, failure: { ...event.data, at } };
    case 'SyncPaused':
      return { ...state, paused: { ...event.data, at } };
    case 'SyncResumed':
      return { ...state, paused: null };
    case 'BarrierRequested':
      return { ...state, barrierEpoch: event.data.epoch };
    case 'BarrierWithdrawn':
      return { ...state, barrierEpoch: null };
    case 'StructureProblemsChanged':
      return { ...state, problems: event.data.problems };
    case 'StructureNotesChanged':
      return { ...state, notes: event.data.notes };
    case 'DropsHeld': {
      const held = event.data.collections;
      return { ...state, heldDrops: held, confirmedDrops: state.confirmedDrops.filter((name) => held.includes(name)) };
    }
    case 'DropsConfirmed':
      return { ...state, confirmedDrops: [...new Set([...state.confirmedDrops, ...event.data.collections])].sort() };
    default:
      return state;
  }
}

/** The target was seen writable: what was true of it when the synchronization began is not any more. */
function beginEpoch(state: Synchronization, epoch: string): Synchronization {
  if (state.configuration === null) return state;
  const { equalAtStart: _, ...configuration } = state.configuration;
  return { ...state, configuration: { ...configuration, epoch } };
}

/**
 * What comes into the selection now was not looked after before: that all was equal when the epoch began is not said of it.
 */
function changeSelection(
  state: Synchronization,
  selection: Selection | undefined,
  selectionVersion: string,
): Synchronization {
  if (state.configuration === null) return state;
  const { selection: _before, equalAtStart: _, ...rest } = state.configuration;
  const configuration = { ...rest, selectionVersion, ...(selection === undefined ? {} : { selection }) };
  return { ...state, configuration };
}

/** Undefined where all of the source is replicated, or nothing is configured. */
export function partialCopy({ configuration, identity }: Synchronization): PartialCopy | undefined {
  const selection = configuration?.selection;
  const sourceDeployment = identity?.deploymentId ?? configuration?.sourceDeployment;
  if (selection === undefined) return undefined;
  return { selection, ...(sourceDeployment === undefined ? {} : { sourceDeployment }) };
}

function configured(state: Synchronization, changes: Partial<SyncConfiguration>): Synchronization {
  return state.configuration === null ? state : { ...state, configuration: { ...state.configuration, ...changes } };
}
