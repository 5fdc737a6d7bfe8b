import type { JsonObject } from '../engine/types.ts';

/** An access level, in rising order `none`, `ro`, `rw`. */
export type Level = 'none' | 'ro' | 'rw';

/** Who asks. */
export type Identity =
  /** A JWT without `preferred_username`: passes every check, and is not capped by read-only mode (2.2). */
  | { readonly kind: 'superuser' }
  /** Authentication is off: as a superuser, but capped by read-only mode. `name` is `root`. */
  | { readonly kind: 'everyone'; readonly name: string }
  | { readonly kind: 'user'; readonly name: string };

/** A user that comes with the creation of a database (3.1). */
export interface DatabaseUser {
  readonly username: string;
  readonly passwd: string;
  readonly active: boolean;
  readonly extra: JsonObject;
}

/**
 * The users of a deployment, with passwords, tokens and grants. One per deployment, shared by its coordinators.
 * Levels are effective ones (1.6) *before* the cap of read-only mode, which the rights helpers apply.
 */
export interface Accounts {
  /** Whether these credentials log an active user in, and as whom. Also takes access tokens as password (1.5); then `user` may be empty. */
  verifyPassword(user: string, password: string): string | undefined;
  /** Known and active: what the name in a user JWT must be. */
  isActive(user: string): boolean;
  databaseLevel(user: string, database: string): Level;
  collectionLevel(user: string, database: string, collection: string): Level;
  /** A database was made: its users get rw (made if absent), without users the creator does (3.1). */
  databaseCreated(database: string, users: readonly DatabaseUser[], creator: string): Promise<void>;
  databaseDropped(database: string): Promise<void>;
  collectionCreated(database: string, collection: string, creator: string): Promise<void>;
  collectionDropped(database: string, collection: string): Promise<void>;
  /** Users were restored into `_system/_users`: read it again. Nobody does after a write of documents, as on a real server. */
  refresh(): Promise<void>;
}
