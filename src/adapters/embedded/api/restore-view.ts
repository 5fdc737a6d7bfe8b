import { needObject } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { needDatabase } from '../http/rights.ts';
import { databaseOf } from './lookup.ts';
import { restored } from './restore-body.ts';
import { createView } from './view.ts';

/** `PUT /_api/replication/restore-view` (7.3). */
export async function restoreView(request: ApiRequest): Promise<Reply> {
  needDatabase(request, 'rw');
  const { id: _id, globallyUniqueId: _globallyUniqueId, ...definition } = needObject(request, 10);
  const { name, type } = definition;
  if (typeof name !== 'string' || typeof type !== 'string') {
    throw new ArangoApiError(10, 'name or type of the view is missing');
  }
  const database = databaseOf(request);
  const present = database.views().find((view) => view.name === name);
  if (present !== undefined && request.query.flag('overwrite', false)) database.dropView(String(present.id));
  await createView({ ...request, suffix: [], body: Buffer.from(JSON.stringify(definition)) });
  return restored();
}
