import type { EventData } from '../../events/vocabulary.ts';
import { type Decision, decided } from '../decision.ts';
import type { SourceIdentity, Synchronization } from './state.ts';

/** What a contact with the source told. */
export interface IdentifySource extends EventData<'SourceIdentified'> {
  readonly kind: 'identify-source';
  readonly ownDeploymentId: string;
  /** The source's answer whether its log has the head that we remember. */
  readonly containsRemembered: boolean;
  /** Under which configuration it was asked, named by its inventory channel, and with which head remembered. */
  readonly asked: { readonly inventoryChannel: string; readonly remembered: SourceIdentity['head'] | null };
}

/** How far the source's head moves before it is remembered anew: each time is an event, and heads move with events. */
export const HEAD_STEP = 100;

/**
 * Remembers the source at the first contact, and holds every later contact against that (S1): another deployment under
 * the address, or a log that went back, fails the synchronization before anything is written or dropped.
 */
export function identifySource(state: Synchronization, command: IdentifySource): Decision {
  if (state.phase !== 'active' || isOfThePast(state, command)) return decided();
  const { deploymentId, version, head } = command;
  const identity: SourceIdentity = { deploymentId, version, head };
  if (deploymentId === command.ownDeploymentId) {
    return failed('source-is-target', `the source is this deployment itself (${deploymentId})`);
  }
  const { identity: known } = state;
  if (known === null) return decided({ type: 'SourceIdentified', data: identity });
  if (deploymentId !== known.deploymentId) {
    const reason = `the source was deployment ${known.deploymentId} and now is ${deploymentId}`;
    return failed('source-replaced', `${reason}: configure the synchronization again if that is meant`);
  }
  if (!command.containsRemembered || wentBack(known.head, head)) {
    const reason = `the source's event log no longer contains position ${known.head.position} that it had`;
    return failed('source-log-lost', `${reason}: configure the synchronization again if it was restored on purpose`);
  }
  const isNews = version !== known.version || head.position - known.head.position >= HEAD_STEP;
  return isNews ? decided({ type: 'SourceIdentified', data: identity }) : decided();
}

/** An answer can be late: what it tells is held against what was known when it was asked, or against nothing. */
function isOfThePast({ configuration, identity }: Synchronization, { asked }: IdentifySource): boolean {
  if (configuration?.inventoryChannel !== asked.inventoryChannel) return true;
  return identity?.head.position !== asked.remembered?.position;
}

function wentBack(known: SourceIdentity['head'], now: SourceIdentity['head']): boolean {
  return now.position < known.position || (now.position === known.position && now.hash !== known.hash);
}

function failed(code: string, reason: string): Decision {
  return decided({ type: 'SyncFailed', data: { code, reason } });
}
