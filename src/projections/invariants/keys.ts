import { type EventRule, must } from './rule.ts';

/** The log's key changes forwards only, and nobody is left behind (S22). */
export const keyRules: EventRule = ({ keys, masters }, event) => {
  if (event.type === 'MasterSecretRotated') {
    const { sealId, previous } = event.data;
    return [
      ...must(!keys.retired.includes(sealId), 'key-stays-retired', `key ${sealId} came back`),
      ...must(
        keys.current === null || keys.current === previous,
        'key-follows-key',
        `key ${sealId} follows ${previous}, in use was ${keys.current}`,
      ),
      ...[...masters.values()].flatMap(({ masterId, sealIds: accepted = [] }) =>
        must(accepted.includes(sealId), 'key-accepted-by-all', `master ${masterId} does not accept key ${sealId}`),
      ),
    ];
  }
  if (event.type === 'SecretsReencrypted') {
    return must(
      event.data.sealId === keys.current,
      'reencrypted-under-current',
      `key ${event.data.sealId} is not in use`,
    );
  }
  if (event.type === 'WorkerCaCreated') {
    const { caId } = event.data;
    return must(!keys.workerCas.some((ca) => ca.caId === caId), 'worker-ca-once', `CA ${caId} was there already`);
  }
  return [];
};
