import type { EventData } from '../../events/vocabulary.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import { sameService } from './same-service.ts';
import type { SyncConfiguration, Synchronization } from './state.ts';

/** `POST /_api/sync`, its secrets already kept under `credentialId`. */
export interface ConfigureSync extends EventData<'SyncCredentialsReplaced'> {
  readonly kind: 'configure-sync';
}

/**
 * Inactive or failed: a new synchronization with a new epoch, which remembers nothing of an earlier source (S1, S3).
 * Active: the same request changes nothing, other credentials of the same source are taken over, another source is
 * refused.
 */
export function configureSync(state: Synchronization, command: ConfigureSync, context: Context): Decision {
  const { kind: _kind, ...wanted } = command;
  const { configuration } = state;
  if (state.phase === 'cancelling') {
    return rejected(412, 'cancelling', 'the synchronization is being cancelled: wait until it is inactive');
  }
  if (state.phase === 'active' && configuration !== null) return reconfigure(configuration, wanted);
  return decided({
    type: 'SyncConfigured',
    data: { ...wanted, epoch: context.newId(), inventoryChannel: context.newChannel() },
  });
}

function reconfigure(configuration: SyncConfiguration, wanted: EventData<'SyncCredentialsReplaced'>): Decision {
  if (!sameService(configuration.source, wanted.source)) {
    const message = `a synchronization from ${configuration.source.join(', ')} is active: stop or abort it first`;
    return rejected(412, 'other-source', message);
  }
  const isSame =
    configuration.fingerprint === wanted.fingerprint && configuration.caFingerprint === wanted.caFingerprint;
  return isSame ? decided() : decided({ type: 'SyncCredentialsReplaced', data: wanted });
}
