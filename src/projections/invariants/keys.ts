import { type EventRule, must } from './rule.ts';

/** The log's key changes forwards only, and nobody is left behind (S22). */
export const keyRules: EventRule = ({ keys, masters }, event) => {
  if (event.type === 'MasterSecretRotated') {
    const { keyId, previous } = event.data;
    return [
      ...must(!keys.retired.includes(keyId), 'key-stays-retired', `key ${keyId} came back`),
      ...must(
        keys.current === null || keys.current === previous,
        'key-follows-key',
        `key ${keyId} follows ${previous}, in use was ${keys.current}`,
      ),
      ...[...masters.values()].flatMap(({ masterId, keys: accepted = [] }) =>
        must(accepted.includes(keyId), 'key-accepted-by-all', `master ${masterId} does not accept key ${keyId}`),
      ),
    ];
  }
  if (event.type === 'SecretsReencrypted') {
    return must(
      event.data.keyId === keys.current,
      'reencrypted-under-current',
      `key ${event.data.keyId} is not in use`,
    );
  }
  if (event.type === 'WorkerCaCreated') {
    const { caId } = event.data;
    return must(!keys.workerCas.some((ca) => ca.caId === caId), 'worker-ca-once', `CA ${caId} was there already`);
  }
  return [];
};
