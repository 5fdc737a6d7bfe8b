import type { z } from 'zod';

/** A schema with the name under which the document lists it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
}

/** What the document says of one call beyond its route. */
export interface Operation {
  /** `operationId`: what generated clients call it. */
  readonly id: string;
  readonly summary: string;
  /** Query parameters with what they mean; none is required. */
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly body?: NamedSchema;
  /** `text`: plain text. `lines`: JSON lines of this schema, while they are found. */
  readonly answer: NamedSchema | 'text' | { readonly lines: NamedSchema };
  /** Statuses that only some calls have, with the reason: 404, 408, 412. */
  readonly failures?: Readonly<Record<number, string>>;
}

export interface QueryParameter {
  readonly description: string;
  /** Allowed values; an empty one always counts as absent. */
  readonly values?: readonly string[];
}

/** By method and path as in the route: `GET /_api/worker/:id`. */
export type Operations = Readonly<Record<string, Operation>>;

export function named(name: string, schema: z.ZodType): NamedSchema {
  return { name, schema };
}
