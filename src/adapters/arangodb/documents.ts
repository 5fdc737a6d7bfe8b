import type { z } from 'zod';
import { ArangoError, type ArangoRequest, type ArangoServer } from '../../replication/arango.ts';

const ERROR_DOCUMENT_NOT_FOUND = 1202;
const ERROR_CONFLICT = 1200;
const ERROR_UNIQUE_CONSTRAINT_VIOLATED = 1210;

/** Path of a document in a collection of `_system`. */
export function documentPath(collection: string, key: string): string {
  return `/_api/document/${encodeURIComponent(collection)}/${encodeURIComponent(key)}`;
}

/** Undefined when there is no such document. Throws on any other failure, and on one of another shape. */
export async function readDocument<T>(
  server: ArangoServer,
  schema: z.ZodType<T>,
  request: Omit<ArangoRequest, 'method'>,
): Promise<T | undefined> {
  try {
    return schema.parse(await server.json<unknown>({ method: 'GET', ...request }));
  } catch (error) {
    if (error instanceof ArangoError && error.errorNum === ERROR_DOCUMENT_NOT_FOUND) return undefined;
    throw error;
  }
}

/** Whether a conditional write was refused because the document is another one by now, is gone, or came to be. */
export function isRefusedByCondition(error: unknown): boolean {
  if (!(error instanceof ArangoError)) return false;
  return [ERROR_CONFLICT, ERROR_UNIQUE_CONSTRAINT_VIOLATED, ERROR_DOCUMENT_NOT_FOUND].includes(error.errorNum);
}

/** The signal as a request takes it. */
export function withSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
