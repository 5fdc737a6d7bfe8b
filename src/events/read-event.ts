import { z } from 'zod';
import { type Event, type KnownEvent, type Upcaster, vocabulary } from './vocabulary.ts';

/**
 * An event as this version of the program understands it. `unknown` (a type or version that we do not know, or data
 * that does not fit its schema) is kept, never dropped: a master that has met one must not lead.
 */
export type ReadEvent =
  | { readonly kind: 'known'; readonly event: KnownEvent }
  | { readonly kind: 'unknown'; readonly event: Event; readonly why: string };

/** What {@link readEventBy} needs to know of a type. */
export interface TypeReader {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly upcasters: readonly Upcaster[];
}

/** Reads an event by the vocabulary of this version. */
export function readEvent(event: Event): ReadEvent {
  return readEventBy(readers, event);
}

const readers: ReadonlyMap<string, TypeReader> = new Map(
  Object.entries(vocabulary).map(([name, definition]) => [name, readerOf(name, definition)]),
);

/**
 * A compiled schema reads four times as fast, and makes the difference for a replay. Each is compiled when the first event
 * of its type is read: all of them would be felt at every start.
 */
function readerOf(name: string, { schema, upcasters }: Omit<TypeReader, 'name'>): TypeReader {
  let compiled: z.ZodType | undefined;
  return {
    name,
    upcasters,
    get schema() {
      compiled ??= z.compile(schema);
      return compiled;
    },
  };
}

/** {@link readEvent} by a given table; upcasts old versions step by step to the newest. */
export function readEventBy(types: ReadonlyMap<string, TypeReader>, event: Event): ReadEvent {
  const definition = types.get(event.type);
  if (definition === undefined) return { kind: 'unknown', event, why: `event type ${event.type} is not known` };
  const newest = definition.upcasters.length + 1;
  if (!Number.isInteger(event.v) || event.v < 1 || event.v > newest) {
    return { kind: 'unknown', event, why: `${event.type} has version ${event.v}, known are 1 to ${newest}` };
  }
  const upcast = upcastFrom(definition.upcasters, event);
  if (upcast.kind === 'failed') return { kind: 'unknown', event, why: `${event.type} cannot be upcast: ${upcast.why}` };
  const parsed = definition.schema.safeParse(upcast.data);
  if (!parsed.success) return { kind: 'unknown', event, why: `${event.type} is malformed: ${parsed.error.message}` };
  // The program's own text of the type: folds compare it many times, and texts out of JSON compare slower.
  const known = { id: event.id, type: definition.name, data: parsed.data };
  return { kind: 'known', event: known as KnownEvent };
}

type Upcast = { readonly kind: 'done'; readonly data: unknown } | { readonly kind: 'failed'; readonly why: string };

function upcastFrom(upcasters: readonly Upcaster[], event: Event): Upcast {
  if (event.v > upcasters.length) return { kind: 'done', data: event.data };
  try {
    return { kind: 'done', data: upcasters.slice(event.v - 1).reduce((data, upcast) => upcast(data), event.data) };
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}
