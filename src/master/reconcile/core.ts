import type { CommandDesk } from '../command-desk.ts';
import type { ControlLog } from '../control-log.ts';
import type { LeaderMemory } from '../leader-memory.ts';
import type { ModeTurns } from '../mode-turns.ts';
import type { MasterPorts, MasterSettings } from '../ports.ts';
import type { QuietTimes } from '../quiet-times.ts';

/** What reconcilers and services share. */
export interface Core {
  readonly ports: MasterPorts;
  readonly settings: MasterSettings;
  readonly control: ControlLog;
  readonly desk: CommandDesk;
  readonly memory: LeaderMemory;
  readonly quiet: QuietTimes;
  readonly modeTurns: ModeTurns;
}
