import type { z } from 'zod';
import type { Caller } from '../../wire/caller.ts';

/**
 * Who may make a call (master-api §2). `monitoring`: everyone who is recognised; version and figures only. `operator`:
 * everyone but the monitoring token. `peer`: the other datacenter's masters by client certificate, and the secret. `internal`: the secret only (workers and
 * masters of this datacenter).
 */
export type Rights = 'monitoring' | 'operator' | 'peer' | 'internal';

export interface RouteRequest {
  readonly caller: Caller;
  /** Value of a path parameter, unescaped. */
  param(name: string): string;
  /** Value of a query parameter; an empty one is absent. */
  query(name: string): string | undefined;
  /** The body, checked; 400 when it does not fit. */
  body<T>(schema: z.ZodType<T>): Promise<T>;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** Free text of the client about itself (`X-ArangoSync-Client-ID`). */
  readonly clientId: string | undefined;
}

/** One call of the API. What `handle` returns goes out as JSON with status 200, `{}` for nothing; a text as plain text; a `Response` as it is. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with `:name` parameters. */
  readonly path: string;
  readonly rights: Rights;
  /**
   * `leader`: a master that does not lead passes it on. `leader-if-possible`: the same, but it answers itself when the
   * leader does not. `any`: every master answers.
   */
  readonly at: 'any' | 'leader' | 'leader-if-possible';
  /** Changes nothing, although its method is not GET: a refusal is not worth an event. */
  readonly reads?: true;
  /** Default: 1 MiB. */
  readonly bodyBytesMax?: number;
  handle(request: RouteRequest): Promise<object | string | undefined> | object | string | undefined;
}

const admitted: Readonly<Record<Rights, readonly Caller['kind'][]>> = {
  monitoring: ['secret', 'monitoring', 'user', 'certificate'],
  operator: ['secret', 'user', 'certificate'],
  peer: ['secret', 'certificate'],
  internal: ['secret'],
};

export function mayCall(rights: Rights, caller: Caller): boolean {
  return admitted[rights].includes(caller.kind);
}
