import type { Operations } from './operation.ts';
import { eventsOperations } from './operations/events.ts';
import { memberOperations, processOperations } from './operations/members.ts';
import { outgoingOperations } from './operations/outgoing.ts';
import { syncOperations } from './operations/sync.ts';
import { workerOperations, workerOwnOperations } from './operations/workers.ts';

/** Every call of a master's table of routes. */
export const masterOperations: Operations = {
  ...processOperations,
  ...memberOperations,
  ...syncOperations,
  ...outgoingOperations,
  ...workerOperations,
  ...eventsOperations,
};

/** Every call of a worker's table of routes. */
export const workerProcessOperations: Operations = { ...processOperations, ...workerOwnOperations };
