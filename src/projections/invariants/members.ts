import { type EventRule, must } from './rule.ts';

/** Masters and workers leave only when they were there, no server id is given twice, an option is set when it changes. */
export const memberRules: EventRule = ({ masters, workers, settings }, event) => {
  switch (event.type) {
    case 'MasterLeft':
      return must(masters.has(event.data.masterId), 'master-known', `${event.data.masterId} left without having come`);
    case 'WorkerRegistered': {
      const { workerId, serverId } = event.data;
      const known = workers.byId.get(workerId)?.serverId;
      return must(
        known === undefined ? serverId > workers.highestServerId : serverId === known,
        'server-id-once',
        `worker ${workerId} got server id ${serverId}${known === undefined ? ', which was given before' : `, it had ${known}`}`,
      );
    }
    case 'WorkerDraining': {
      const { workerId } = event.data;
      return must(
        workers.byId.get(workerId)?.leaving === false,
        'drains-once',
        `${workerId} is not there, or leaves already`,
      );
    }
    case 'WorkerLeft':
      return must(
        workers.byId.has(event.data.workerId),
        'worker-known',
        `${event.data.workerId} left without having come`,
      );
    case 'RootUserExclusionSet': {
      const { excluded } = event.data;
      return must(
        excluded !== settings.excludeRootUser,
        'option-changes',
        `root was ${excluded ? '' : 'not '}excluded`,
      );
    }
    default:
      return [];
  }
};
