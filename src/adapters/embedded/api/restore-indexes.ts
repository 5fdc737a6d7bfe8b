import type { JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { Query } from '../http/query.ts';
import type { Reply } from '../http/reply.ts';
import { needDatabase } from '../http/rights.ts';
import { findCollection } from './document-find.ts';
import { createIndex } from './index.ts';
import { isDeleted, isHiddenSmartName, readRestoredCollection, restored } from './restore-body.ts';

/** `PUT /_api/replication/restore-indexes` (7.2): equal ones may be there already; the first error stops. */
export async function restoreIndexes(request: ApiRequest): Promise<Reply> {
  needDatabase(request, 'rw');
  const { name, parameters, indexes } = readRestoredCollection(request);
  const force = request.query.flag('force', false);
  if (isDeleted(parameters) || (isHiddenSmartName(name) && !force)) return restored();
  const wanted = indexes.filter(({ type }) => type !== 'primary' && type !== 'edge');
  if (wanted.length === 0) return restored();
  const collection = findCollection(request, name);
  const query = new Query(`collection=${encodeURIComponent(collection.name)}`);
  for (const index of wanted) {
    const body = Buffer.from(JSON.stringify(definitionToCreate(index)));
    await createIndex({ ...request, suffix: [], query, body });
  }
  return restored();
}

/** The ids of another deployment mean nothing here, and `geo1`, `geo2` are called `geo` now. */
function definitionToCreate({ id: _id, ...index }: JsonObject): JsonObject {
  return index.type === 'geo1' || index.type === 'geo2' ? { ...index, type: 'geo' } : index;
}
