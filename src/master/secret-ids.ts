import type { ControlState } from '../projections/control-state.ts';
import { sourceTokenSecretId } from './reconcile/source-token.ts';
import { credentialsSecretId } from './source-credentials.ts';
import { workerCaSecretId } from './worker-authority.ts';

/** Keys of the event log that were in use before, for masters that have only today's secret. */
export const retiredLogKeysId = 'retired-log-keys';

/** Every secret at rest that the state speaks of. What it does not speak of is left over and read by nobody. */
export function secretIdsOf({ synchronization, keys }: ControlState): readonly string[] {
  const { configuration } = synchronization;
  return [
    retiredLogKeysId,
    ...keys.workerCas.map(({ caId }) => workerCaSecretId(caId)),
    ...(configuration === null ? [] : [sourceTokenSecretId, credentialsSecretId(configuration.credentialId)]),
  ];
}
