import { type ArangoDeployment, ArangoError, type ArangoRequest } from '../arango.ts';
import { describeSearchStep, searchRequestFor } from './execute-search-step.ts';
import { GRAPH_HOLDS_COLLECTION, type GraphDoubt, withoutGraphsOf } from './graphs-in-the-way.ts';
import { creationOf } from './index-difference.ts';
import type { Step } from './structure-steps.ts';

/** Making an index over a filled collection answers when it is built. */
const INDEX_TIMEOUT_MS = 30 * 60 * 1000;
const STRUCTURE_TIMEOUT_MS = 5 * 60 * 1000;

const DATABASE_EXISTS_OR_COLLECTION_EXISTS = 1207;
const COLLECTION_NOT_FOUND = 1203;
const DATABASE_NOT_FOUND = 1228;
const INDEX_NOT_FOUND = 1212;

/** Does one step; false when it was done already. Throws {@link ArangoError} and what the server throws. */
export async function executeStep(
  deployment: ArangoDeployment,
  step: Step,
  onDoubt: GraphDoubt,
  signal: AbortSignal,
): Promise<boolean> {
  const { request, done } = requestFor(step);
  // A lost answer does no harm: the structure is read again afterwards.
  const send = async () => void (await deployment.front.json({ timeoutMs: STRUCTURE_TIMEOUT_MS, ...request, signal }));
  try {
    await send();
  } catch (error) {
    if (!(error instanceof ArangoError)) throw error;
    if (done.includes(error.errorNum)) return false;
    // A collection that goes for good is in no graph of the source: that will be here in a moment.
    if (error.errorNum !== GRAPH_HOLDS_COLLECTION || step.kind !== 'drop-collection' || !step.makesRoom) throw error;
    await withoutGraphsOf(deployment, step, { work: send, onDoubt }, signal);
  }
  return true;
}

/** `done`: numbers that say that it was done before. */
function requestFor(step: Step): { readonly request: ArangoRequest; readonly done: readonly number[] } {
  const exists = [DATABASE_EXISTS_OR_COLLECTION_EXISTS];
  const absent = [COLLECTION_NOT_FOUND, DATABASE_NOT_FOUND];
  switch (step.kind) {
    case 'create-database':
      return { request: { method: 'POST', path: '/_api/database', body: step.settings }, done: exists };
    case 'drop-database':
      return {
        request: { method: 'DELETE', path: `/_api/database/${encodeURIComponent(step.database)}` },
        done: absent,
      };
    case 'rename-collection':
      return { request: onCollection(step, 'PUT', '/rename', { name: step.to }), done: [] };
    case 'create-collection':
      return { request: creation(step), done: exists };
    case 'change-collection':
      return { request: onCollection(step, 'PUT', '/properties', step.settings), done: [] };
    case 'drop-collection': {
      const request = onCollection(step, 'DELETE', '', undefined);
      return { request: { ...request, query: { isSystem: step.isSystem } }, done: absent };
    }
    case 'create-index': {
      const { database, collection, index } = step;
      const query = { collection };
      const body = creationOf(index);
      const timeoutMs = INDEX_TIMEOUT_MS;
      return { request: { method: 'POST', path: '/_api/index', database, query, body, timeoutMs }, done: [] };
    }
    case 'drop-index': {
      const { database, collection, index } = step;
      const path = `/_api/index/${encodeURIComponent(collection)}/${encodeURIComponent(index)}`;
      return { request: { method: 'DELETE', path, database }, done: [INDEX_NOT_FOUND] };
    }
    default:
      return searchRequestFor(step);
  }
}

/** System names and smart attributes are taken by restore-collection only; the ordinary call tells errors better. */
function creation(step: Extract<Step, { kind: 'create-collection' }>): ArangoRequest {
  const { database, collection, settings } = step;
  if (collection.startsWith('_') || settings.isSmart === true) {
    const body = { parameters: settings, indexes: [] };
    return { method: 'PUT', path: '/_api/replication/restore-collection', database, body };
  }
  return { method: 'POST', path: '/_api/collection', database, body: settings };
}

function onCollection(
  step: { readonly database: string; readonly collection: string },
  method: 'PUT' | 'DELETE',
  suffix: string,
  body: unknown,
): ArangoRequest {
  const path = `/_api/collection/${encodeURIComponent(step.collection)}${suffix}`;
  return { method, path, database: step.database, ...(body === undefined ? {} : { body }) };
}

/** What was done, as a sentence for the event log. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'create-database':
      return `created database ${step.database}${withNote(step)}`;
    case 'drop-database':
      return `dropped database ${step.database}: the source does not have it`;
    case 'rename-collection':
      return `renamed collection ${step.database}/${step.collection} to ${step.to}`;
    case 'create-collection':
      return `created collection ${step.database}/${step.collection}${withNote(step)}`;
    case 'change-collection':
      return `changed ${Object.keys(step.settings).join(', ')} of collection ${step.database}/${step.collection}`;
    case 'drop-collection':
      return `dropped collection ${step.database}/${step.collection}: ${step.reason}`;
    case 'create-index':
      return `created index ${step.index.name} on ${step.database}/${step.collection}`;
    case 'drop-index':
      return `dropped index ${step.index} of ${step.database}/${step.collection}: the source does not have it`;
    default:
      return describeSearchStep(step);
  }
}

function withNote({ note }: { readonly note: string }): string {
  return note === '' ? '' : ` with ${note}`;
}
