import { z } from 'zod';

const Tick = z.string().regex(/^(0|[1-9][0-9]*)$/);
const Witness = z.object({ groupTick: Tick, tick: Tick, cuid: z.string(), key: z.string(), rev: z.string() });

/** Fields that are not named here pass through: what they mean is agreed between the engines at both ends. */
const LinkCheckpoint = z.looseObject({
  epoch: z.string(),
  sourceDeployment: z.string(),
  dbServer: z.string(),
  serverId: z.string(),
  cuid: z.string(),
  targetCollectionId: z.string(),
  tick: Tick,
  forkRevision: z.string(),
  witnesses: z.array(Witness),
});

const OfStream = { channel: z.string().min(1), stream: z.string().min(1) };
const InStream = { ...OfStream, seq: z.number().int().positive() };

/** A control on the wire: target → source. */
export const LinkControl = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('open'),
    ...OfStream,
    checkpoint: LinkCheckpoint.exactOptional(),
    catchUpBecause: z.string().exactOptional(),
    compare: z.object({ since: z.string().exactOptional() }).exactOptional(),
    byContent: z.literal(true).exactOptional(),
    credit: z.number().int().positive(),
  }),
  z.looseObject({ kind: z.literal('ack'), ...InStream, durable: Tick.exactOptional() }),
  z.looseObject({ kind: z.literal('close'), ...OfStream }),
  z.looseObject({
    kind: z.literal('verify'),
    ...OfStream,
    check: z
      .union([
        z.literal('tree'),
        z.object({ behind: z.string().exactOptional(), form: z.enum(['text', 'value']) }),
        z.object({ scan: z.number().int().nonnegative() }),
        z.object({
          look: z.array(z.string()).min(1),
          of: z.enum(['shard', 'collection', 'everywhere']),
          ends: z.literal(true).exactOptional(),
        }),
      ])
      .exactOptional(),
  }),
  z.looseObject({ kind: z.literal('indexes'), ...OfStream }),
  z.looseObject({
    kind: z.literal('list'),
    ...OfStream,
    ranges: z.array(z.tuple([z.string(), z.string()])).min(1),
    resume: z.string().exactOptional(),
  }),
  z.looseObject({ kind: z.literal('fetch'), ...OfStream, revisions: z.array(z.string()).min(1) }),
  z.looseObject({
    kind: z.literal('absent'),
    ...OfStream,
    keys: z.array(z.string()).min(1),
    of: z.enum(['shard', 'collection']),
  }),
  z.looseObject({ kind: z.literal('find'), ...OfStream, keys: z.array(z.string()).min(1) }),
  z.looseObject({ kind: z.literal('drifted'), ...OfStream }),
  z.looseObject({ kind: z.literal('compared'), ...OfStream }),
]);

/** The header of a frame on the wire: source → target. */
export const LinkFrameHeader = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('opened'),
    ...InStream,
    way: z.enum(['tail', 'copy', 'difference', 'content']),
    reason: z.string(),
    sourceDeployment: z.string(),
    dbServer: z.string(),
    serverId: z.string(),
    cuid: z.string(),
    from: Tick,
    expectedDocuments: z.number().exactOptional(),
    logEnd: Tick.exactOptional(),
    sharding: z.object({ shards: z.number(), keys: z.array(z.string()), strategy: z.string() }).exactOptional(),
  }),
  z.looseObject({ kind: z.literal('indexes'), ...InStream }),
  z.looseObject({ kind: z.literal('digest'), ...InStream }),
  z.looseObject({ kind: z.literal('absent'), ...InStream }),
  z.looseObject({ kind: z.literal('found'), ...InStream }),
  z.looseObject({ kind: z.literal('revisions'), ...InStream, resume: z.string().exactOptional() }),
  z.looseObject({ kind: z.literal('copy'), ...InStream, documents: z.number().int(), last: z.boolean() }),
  z.looseObject({
    kind: z.literal('ops'),
    ...InStream,
    from: Tick,
    to: Tick,
    complete: z.boolean(),
    operations: z.number().int(),
    witnesses: z.array(Witness),
    asOf: z.number().exactOptional(),
  }),
  z.looseObject({ kind: z.literal('tree'), ...InStream, tick: Tick, count: z.number(), hash: z.string() }),
  z.looseObject({
    kind: z.literal('contents'),
    ...InStream,
    tick: Tick,
    form: z.enum(['text', 'value']),
    behind: z.string().exactOptional(),
    to: z.string().exactOptional(),
    count: z.number().int(),
    hash: z.string(),
  }),
  z.looseObject({ kind: z.literal('scanned'), ...InStream, piece: z.number().int(), last: z.boolean() }),
  z.looseObject({
    kind: z.literal('looked'),
    ...InStream,
    ends: z.array(z.object({ serverId: z.string(), tick: Tick })),
  }),
  z.looseObject({ kind: z.literal('untold'), ...InStream, reason: z.string() }),
  z.looseObject({
    kind: z.literal('broken'),
    ...InStream,
    code: z.string(),
    reason: z.string(),
    catchUp: z.enum(['any', 'copy']).exactOptional(),
    retryAfterMs: z.number().exactOptional(),
  }),
  z.looseObject({
    kind: z.literal('floor'),
    dbServer: z.string(),
    serverId: z.string(),
    tick: Tick,
    asOf: z.number().exactOptional(),
    readBytes: z.number().exactOptional(),
    unreadBytes: z.number().exactOptional(),
    except: z.array(z.string()),
    witnesses: z.array(Witness),
  }),
  z.looseObject({ kind: z.literal('queued'), streams: z.array(z.string()), reason: z.string() }),
  z.looseObject({ kind: z.literal('inventory'), ...InStream }),
]);

/**
 * Header of a record in a poll's answer. `seq` counts the frames of a link from 1 without gaps; a beat carries none
 * and says only that the sender lives.
 */
export const LinkRecordHeader = z.union([
  z.object({ seq: z.number().int().positive(), frame: LinkFrameHeader }),
  z.object({ beat: z.literal(true) }),
]);

/** Answer of `PUT …/link/{session}`, which opens the link or finds it open. */
export const LinkOpened = z.object({ session: z.string() });

/** Body of `POST …/link/{session}/poll`: asks for the stream of frames from `from` on. */
export const LinkPoll = z.object({
  /** Rises with every poll of a session: a poll that comes late, or twice, must not take the stream from a newer one. */
  poll: z.number().int().positive(),
  /** Sequence number of the next frame wanted; what lies before is acknowledged by that. */
  from: z.number().int().positive(),
  /** How long the answer may go on, ms; the sender has a limit of its own. */
  holdMs: z.number().int().positive(),
});
export type LinkPoll = z.infer<typeof LinkPoll>;

/** Body of `POST …/link/{session}/control`. Repeated unchanged until it is answered. */
export const LinkControls = z.object({
  /** Number of the first of `controls`; they count from 1 without gaps. */
  from: z.number().int().positive(),
  controls: z.array(LinkControl),
  /** Frames up to this sequence number have arrived; the sender forgets them. */
  ack: z.number().int().nonnegative(),
});

/** Its answer: the number of the next control wanted. Lower than the end of what was sent: send the rest again later. */
export const LinkControlsTaken = z.object({ next: z.number().int().positive() });

/** Header of every answer of a link: the source worker's wall clock, ms since 1970. */
export const linkTimeHeader = 'x-arangosync-time';

/** Where each channel of a target is held. Answer of `GET /_api/mq/direct/routes?target=&version=`. */
export const QueueRoutes = z.object({
  /** Changes with the content; opaque. */
  version: z.string(),
  /** By name of the data channel; absent when the asked `version` still holds. */
  routes: z
    .record(
      z.string(),
      z.object({
        workerId: z.string(),
        /** Set when the worker may be dialled without passing the masters. */
        publicEndpoint: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
  /** Verifies the workers' own certificates, PEM; comes with `routes`. */
  workerCaCertificate: z.string().exactOptional(),
});
export type QueueRoutes = z.infer<typeof QueueRoutes>;
