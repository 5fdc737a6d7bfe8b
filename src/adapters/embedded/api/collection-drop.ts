import type { FrontCollection } from '../cluster/front.ts';
import { viewWithoutCollection } from '../definitions/view.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply } from '../http/reply.ts';
import { needCollection, needDatabase } from '../http/rights.ts';
import { graphsWith } from './collection-graphs.ts';

/** `DELETE /_api/collection/{c}` (reference 3.2): with its grants, and with what views link to it. */
export async function dropCollection(request: ApiRequest, collection: FrontCollection): Promise<Reply> {
  if (request.server.role === 'dbserver') throw new ArangoApiError(1471);
  needDatabase(request, 'rw');
  needCollection(request, collection.name, 'rw');
  if (collection.isSystem && !request.query.flag('isSystem', false)) throw new ArangoApiError(11);
  const { graphKeepsCollections } = request.server.features;
  const [use] = graphKeepsCollections ? await graphsWith(request, collection.name) : [];
  if (use !== undefined) {
    const what = `collection '${collection.name}' is ${use.part} collection inside graph '${use.graph}'`;
    throw new ArangoApiError(1942, `must not drop collection while part of graph: ${what}`);
  }
  const { id, name } = collection;
  await collection.drop();
  unlinkViews(request, name);
  await request.server.deployment.accounts.collectionDropped(request.database, name);
  return merged(200, { id });
}

function unlinkViews(request: ApiRequest, collection: string): void {
  const database = request.server.front.database(request.database);
  for (const view of database?.views() ?? []) {
    const changed = viewWithoutCollection(view, collection);
    if (changed !== undefined) database?.putView(changed);
  }
}
