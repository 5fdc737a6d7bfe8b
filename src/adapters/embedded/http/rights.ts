import type { Identity, Level } from './accounts.ts';
import type { ApiRequest, DeploymentView } from './contract.ts';
import { ArangoApiError } from './errors.ts';

const order: Readonly<Record<Level, number>> = { none: 0, ro: 1, rw: 2 };

export function atLeast(level: Level, wanted: Level): boolean {
  return order[level] >= order[wanted];
}

/** The caller's name for ownership of jobs, transactions, tokens: `''` for a superuser. */
export function nameOf(identity: Identity): string {
  return identity.kind === 'superuser' ? '' : identity.name;
}

/** Effective level on a database, capped at `ro` in read-only mode unless the caller is the superuser by JWT (2.2). */
export function databaseLevel(request: ApiRequest, database: string = request.database): Level {
  return capped(request, databaseLevelOf(request.server.deployment, request.identity, database));
}

/** The level as granted. */
export function databaseLevelOf(deployment: DeploymentView, identity: Identity, database: string): Level {
  return identity.kind === 'user' ? deployment.accounts.databaseLevel(identity.name, database) : 'rw';
}

/** Effective level on a collection (by name), capped likewise. */
export function collectionLevel(request: ApiRequest, collection: string, database: string = request.database): Level {
  const { identity, server } = request;
  if (identity.kind !== 'user') return capped(request, 'rw');
  return capped(request, server.deployment.accounts.collectionLevel(identity.name, database, collection));
}

function capped({ identity, server }: ApiRequest, level: Level): Level {
  const { superuserChangesStructureWhenReadOnly: isExempt } = server.features;
  return server.readOnly && level === 'rw' && !(identity.kind === 'superuser' && isExempt) ? 'ro' : level;
}

/** rw on `_system`, or superuser. */
export function isAdmin(request: ApiRequest): boolean {
  return databaseLevel(request, '_system') === 'rw';
}

/** 403/11 unless the caller is an admin. */
export function needAdmin(request: ApiRequest): void {
  if (!isAdmin(request)) throw new ArangoApiError(11);
}

/**
 * 403/11 unless the caller is an admin as granted, read-only mode or not: who may end the mode, and who may read the log
 * meanwhile (2.2, 6.1).
 */
export function needAdminByGrant({ identity, server }: ApiRequest): void {
  if (databaseLevelOf(server.deployment, identity, '_system') !== 'rw') throw new ArangoApiError(11);
}

/** 403/11 unless the caller has this level on the database: changes of structure need rw (1.6). */
export function needDatabase(request: ApiRequest, level: Level, database: string = request.database): void {
  if (!atLeast(databaseLevel(request, database), level)) throw new ArangoApiError(11);
}

/** 403/11 unless the caller has this level on the collection: reads (`ro`), and structure below a collection (`rw`). */
export function needCollection(request: ApiRequest, collection: string, level: Level): void {
  if (atLeast(collectionLevel(request, collection), level)) return;
  throw new ArangoApiError(11);
}

/** For document writes: 403/1004 with only `ro` (also by read-only mode), 403/11 with less (2.2). */
export function needWritable(request: ApiRequest, collection: string): void {
  const { identity, server } = request;
  if (identity.kind === 'superuser') {
    if (!server.readOnly || server.features.superuserWritesWhenReadOnly) return;
    throw new ArangoApiError(1004, 'collection is read-only');
  }
  const level = collectionLevel(request, collection);
  if (level === 'rw') return;
  if (level === 'ro') throw new ArangoApiError(1004, 'collection is read-only');
  throw new ArangoApiError(11);
}

/** 403/1230 outside `_system`. */
export function needSystemDatabase(request: ApiRequest): void {
  if (request.database !== '_system') throw new ArangoApiError(1230);
}
