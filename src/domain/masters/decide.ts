import type { EventData } from '../../events/vocabulary.ts';
import { sameTexts } from '../collections.ts';
import { type Decision, decided } from '../decision.ts';
import type { Master, Masters } from './state.ts';

export interface RegisterMaster extends EventData<'MasterRegistered'> {
  readonly kind: 'register-master';
}
export interface RemoveMaster {
  readonly kind: 'remove-master';
  readonly masterId: string;
  readonly reason: string;
}

/** Registers a master, or its new endpoints. Whoever held the same endpoint before is a dead process: it leaves. */
export function registerMaster(state: Masters, command: RegisterMaster): Decision {
  const { kind: _kind, ...master } = command;
  if (isRegisteredAlike(state.get(master.masterId), command)) return decided();
  const replaced = [...state.values()].filter((other) => isReplacedBy(other, command));
  return decided(
    ...replaced.map(({ masterId }) => ({
      type: 'MasterLeft' as const,
      data: { masterId, reason: `replaced by ${command.masterId} at ${command.endpoint}` },
    })),
    { type: 'MasterRegistered', data: master },
  );
}

export function removeMaster(state: Masters, { masterId, reason }: RemoveMaster): Decision {
  return state.has(masterId) ? decided({ type: 'MasterLeft', data: { masterId, reason } }) : decided();
}

function isRegisteredAlike(known: Master | undefined, wanted: RegisterMaster): boolean {
  if (known?.endpoint !== wanted.endpoint || !sameTexts(known.publicEndpoints, wanted.publicEndpoints)) return false;
  return sameTexts(known.sealIds ?? [], wanted.sealIds ?? []);
}

function isReplacedBy(other: Master, wanted: RegisterMaster): boolean {
  return other.endpoint === wanted.endpoint && other.masterId !== wanted.masterId;
}
