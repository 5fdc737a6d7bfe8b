import type { KnownEvent } from '../events/vocabulary.ts';
import type { Occurrence } from './decision.ts';
import { evolveKeys, initialKeys, type Keys } from './keys/state.ts';
import { evolveLeadership, initialLeadership, type Leadership } from './leadership/state.ts';
import { evolveMasters, initialMasters, type Masters } from './masters/state.ts';
import { type EndedEpochs, evolveEndedEpochs, initialEndedEpochs } from './outgoing/ended-epochs.ts';
import { evolveOutgoing, initialOutgoing, type Outgoing } from './outgoing/state.ts';
import { evolveServerMode, initialServerMode, type ServerModeState } from './server-mode/state.ts';
import { evolveSettings, initialSettings, type Settings } from './settings/state.ts';
import { evolveIncomingShards, type IncomingShards, initialIncomingShards } from './shards/state.ts';
import { evolveSuspects, initialSuspects, type Suspects } from './suspects/state.ts';
import { evolveSynchronization, initialSynchronization, type Synchronization } from './synchronization/state.ts';
import { evolveTasks, initialTasks, type Tasks } from './tasks/state.ts';
import { evolveVerification, initialVerification, type Verification } from './verification/state.ts';
import { evolveWorkers, initialWorkers, type Workers } from './workers/state.ts';

/** All that a leader decides from: the states of the aggregates, as the log has them. Never changed in place. */
export interface Control {
  readonly leadership: Leadership;
  readonly masters: Masters;
  readonly workers: Workers;
  readonly settings: Settings;
  /** This deployment as a target. */
  readonly synchronization: Synchronization;
  readonly shards: IncomingShards;
  readonly suspects: Suspects;
  readonly verification: Verification;
  /** This deployment as a source. */
  readonly outgoing: Outgoing;
  /** Synchronizations of targets that have ended here. */
  readonly endedEpochs: EndedEpochs;
  readonly tasks: Tasks;
  readonly serverMode: ServerModeState;
  readonly keys: Keys;
}

export const initialControl: Control = {
  leadership: initialLeadership,
  masters: initialMasters,
  workers: initialWorkers,
  settings: initialSettings,
  synchronization: initialSynchronization,
  shards: initialIncomingShards,
  suspects: initialSuspects,
  verification: initialVerification,
  outgoing: initialOutgoing,
  endedEpochs: initialEndedEpochs,
  tasks: initialTasks,
  serverMode: initialServerMode,
  keys: initialKeys,
};

/** The state behind an event; what else `control` holds stays as it is. Total: every known event fits every state. */
export function evolve<C extends Control>(control: C, event: KnownEvent, occurrence: Occurrence): C {
  return {
    ...control,
    leadership: evolveLeadership(control.leadership, event),
    masters: evolveMasters(control.masters, event, occurrence),
    workers: evolveWorkers(control.workers, event, occurrence),
    settings: evolveSettings(control.settings, event),
    synchronization: evolveSynchronization(control.synchronization, event, occurrence),
    shards: evolveIncomingShards(control.shards, event, occurrence),
    suspects: evolveSuspects(control.suspects, event, occurrence),
    verification: evolveVerification(control.verification, event, occurrence),
    outgoing: evolveOutgoing(control.outgoing, event, occurrence),
    endedEpochs: evolveEndedEpochs(control.endedEpochs, event),
    tasks: evolveTasks(control.tasks, event, occurrence),
    serverMode: evolveServerMode(control.serverMode, event, occurrence),
    keys: evolveKeys(control.keys, event, occurrence),
  };
}
