import type { FrontCollection } from '../cluster/front.ts';
import { EngineError } from '../engine/errors.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { nameOf, needDatabase } from '../http/rights.ts';
import { databaseOf } from './lookup.ts';
import {
  isDeleted,
  isHiddenSmartName,
  type RestoredCollection,
  readRestoredCollection,
  restored,
} from './restore-body.ts';

const DUPLICATE_NAME = 1207;
const STILL_A_PROTOTYPE = 1485;

/** `PUT /_api/replication/restore-collection` (7.1). Makes no indexes. */
export async function restoreCollection(request: ApiRequest): Promise<Reply> {
  needDatabase(request, 'rw');
  const wanted = readRestoredCollection(request);
  const force = request.query.flag('force', false);
  if (isDeleted(wanted.parameters) || (isHiddenSmartName(wanted.name) && !force)) return restored();
  const present = databaseOf(request)
    .collections()
    .find((collection) => collection.name === wanted.name);
  if (present !== undefined && !request.query.flag('overwrite', false)) {
    if (wanted.name.startsWith('_')) return restored();
    throw new ArangoApiError(DUPLICATE_NAME, `duplicate collection name '${wanted.name}'`);
  }
  if (present === undefined || (await makeRoom(request, present))) await create(request, wanted);
  return restored();
}

/** Drops the collection; tells false when it had to stay and was emptied instead. */
async function makeRoom(request: ApiRequest, present: FrontCollection): Promise<boolean> {
  if (!present.isSystem) {
    try {
      await present.drop();
      await request.server.deployment.accounts.collectionDropped(request.database, present.name);
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || error.errorNum !== STILL_A_PROTOTYPE) throw error;
    }
  }
  await present.truncate();
  return false;
}

async function create(request: ApiRequest, { name, parameters }: RestoredCollection): Promise<void> {
  const { shadowCollections: _shadow, version: _version, ...kept } = parameters;
  await databaseOf(request).createCollection(kept, { isRestore: true });
  await request.server.deployment.accounts.collectionCreated(request.database, name, nameOf(request.identity));
}
