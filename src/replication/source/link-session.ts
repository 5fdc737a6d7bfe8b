import type { WorkerTask } from '../../wire/worker.ts';
import type { ArangoServer } from '../arango.ts';
import type { CollectionPlace } from '../documents-by-key.ts';
import type { Control, SenderLink } from '../queue.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { Gate } from '../target/gate.ts';
import type { Throttle } from '../throttle/throttle.ts';
import { StreamBroken } from './broken.ts';
import type { Environment } from './environment.ts';
import { InventorySender } from './inventory-sender.ts';
import type { SourceLimits } from './limits.ts';
import type { Member } from './member.ts';
import type { HeldBytes } from './operation-buffer.ts';
import { tellQueued } from './queued-streams.ts';
import { ReadRoom, type SharedReadRoom } from './read-room.ts';
import type { ServerDirectory } from './server-directory.ts';
import { ShardSender } from './shard-sender.ts';
import { type Open, ShardStream } from './shard-stream.ts';
import { SharedReader } from './shared-reader.ts';
import type { SourceServer } from './source-server.ts';
import type { StructureWatch } from './structure-watch.ts';
import type { ShardPlace, Topology } from './topology.ts';

const RETRY_MS = 1_000;

export interface LinkSessionParts {
  readonly link: SenderLink;
  readonly deploymentId: string;
  readonly front: ArangoServer;
  readonly taskOf: (channel: string) => WorkerTask | undefined;
  readonly servers: ServerDirectory;
  readonly watch: StructureWatch;
  readonly openings: Gate;
  readonly copies: Gate;
  /** Shared with the other links of the worker. */
  readonly reads: SharedReadRoom;
  readonly held: HeldBytes;
  /** Of what is read from the source. */
  readonly throttle: Throttle;
  readonly lines: ShardLines;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  /** A channel is opened here: no other link serves it any longer. */
  readonly onOpen: (channel: string, session: LinkSession) => Promise<void>;
}

interface Slot {
  readonly stream: ShardStream;
  readonly stop: AbortController;
  sender: ShardSender | InventorySender | undefined;
  done: Promise<void>;
}

interface RunningReader {
  readonly reader: SharedReader;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Everything that one link carries: its streams, and one reader per DB-Server for them. */
export class LinkSession {
  readonly #parts: LinkSessionParts;
  readonly #slots = new Map<string, Slot>();
  readonly #readers = new Map<SourceServer, RunningReader>();
  readonly #room: ReadRoom;

  constructor(parts: LinkSessionParts) {
    this.#parts = parts;
    this.#room = new ReadRoom(parts.link, parts.reads);
  }

  get targetId(): string {
    return this.#parts.link.targetId;
  }

  /** Does what the controls say until the link closes. */
  async run(): Promise<void> {
    const { link, environment, limits } = this.#parts;
    const over = new AbortController();
    const waiting = () => this.#waiting();
    const telling = tellQueued({ link, environment, limits, waiting }, over.signal).catch((error: unknown) => {
      if (!over.signal.aborted) environment.log.warn('who waits for its turn cannot be told', { error });
    });
    try {
      for await (const control of link.controls) this.#control(control);
    } finally {
      over.abort(new Error('the link is closed'));
      await Promise.all([this.#end(), telling]);
    }
  }

  sender(channel: string): ShardSender | undefined {
    const sender = this.#slots.get(channel)?.sender;
    return sender instanceof ShardSender ? sender : undefined;
  }

  get channels(): Iterable<string> {
    return this.#slots.keys();
  }

  /** Ends a channel's stream; resolves when nothing of it is sent any more. */
  async end(channel: string, reason?: StreamBroken): Promise<void> {
    const slot = this.#slots.get(channel);
    if (slot === undefined) return;
    slot.stop.abort(reason ?? new Error('the stream was closed'));
    await slot.done;
    if (this.#slots.get(channel) === slot) this.#slots.delete(channel);
  }

  /** Ends streams whose shard is gone, led elsewhere, or another one now. */
  follow(topology: Topology): void {
    for (const [channel, { sender }] of this.#slots) {
      if (!(sender instanceof ShardSender)) continue;
      const reason = outdated(sender, topology);
      if (reason !== undefined) void this.end(channel, reason);
    }
  }

  #control(control: Control): void {
    if (control.kind === 'open') {
      this.#open(control);
      return;
    }
    const slot = this.#slots.get(control.channel);
    // What an earlier stream of the channel is still told means nothing for this one (S15).
    if (slot === undefined || slot.stream.open.stream !== control.stream) return;
    const { sender } = slot;
    if (control.kind === 'close') void this.end(control.channel);
    else if (sender instanceof ShardSender) tell(sender, control);
    else if (control.kind === 'ack') sender?.acknowledge(control.seq);
    else if (control.kind !== 'verify') return;
    else if (control.check === undefined) sender?.verify();
    else sender?.tell();
  }

  #open(open: Open): void {
    const { link, onOpen } = this.#parts;
    const before = this.#slots.get(open.channel);
    before?.stop.abort(new Error('the channel was opened again'));
    const slot: Slot = {
      stream: new ShardStream(open, link),
      stop: new AbortController(),
      sender: undefined,
      done: Promise.resolve(),
    };
    this.#slots.set(open.channel, slot);
    slot.done = Promise.all([before?.done, onOpen(open.channel, this)])
      .then(() => this.#serve(slot))
      .catch((error: unknown) => this.#refuse(slot, error));
  }

  async #serve(slot: Slot): Promise<void> {
    const { stream } = slot;
    const { taskOf, watch, environment } = this.#parts;
    const task = taskOf(stream.channel);
    if (task === undefined || task.peerId !== this.targetId) {
      const reason = `this worker has no task for channel ${stream.channel} of ${this.targetId}`;
      throw new StreamBroken('no-task', reason, { retryAfterMs: RETRY_MS });
    }
    slot.stop.signal.throwIfAborted();
    if (task.type === 'send-inventory') {
      const sender = new InventorySender(stream, watch, environment);
      slot.sender = sender;
      await aborted(slot.stop.signal);
      sender.end();
      throw slot.stop.signal.reason;
    }
    const sender = await this.#shardSender(slot, task);
    slot.sender = sender;
    const stop = () => void sender.end(slot.stop.signal.reason as Error);
    if (slot.stop.signal.aborted) stop();
    else slot.stop.signal.addEventListener('abort', stop, { once: true });
    await sender.ended;
  }

  async #shardSender(slot: Slot, task: WorkerTask): Promise<ShardSender> {
    const { watch, servers, openings, copies, held, deploymentId, front } = this.#parts;
    const { throttle, lines, environment, limits } = this.#parts;
    const { signal } = slot.stop;
    const { shard } = task;
    if (shard === undefined) throw new StreamBroken('no-task', `task ${task.id} names no shard`);
    const name = `shard ${shard.shardIndex} of ${shard.database}/${shard.collection}`;
    const place = (await watch.known(signal)).place(shard) ?? (await watch.refresh(signal)).place(shard);
    if (place === undefined) {
      throw new StreamBroken('shard-gone', `the source has no ${name}`, { retryAfterMs: RETRY_MS });
    }
    if (place.leader === undefined) {
      throw new StreamBroken('no-leader', `no DB-Server leads ${name}`, { retryAfterMs: RETRY_MS });
    }
    const server = await servers.find(place.leader);
    signal.throwIfAborted();
    const refreshTopology = (refreshSignal: AbortSignal) => watch.refresh(refreshSignal);
    const reader = this.#readerOf(server).reader;
    const { stream } = slot;
    const shards = (askSignal: AbortSignal) => this.#shardsOf(place, askSignal);
    const own = { task: { ...task, shard }, stream, deploymentId, place, server, front, shards, reader };
    const shared = { openings, copies, room: this.#room, held, throttle, lines, environment, limits };
    return new ShardSender({ ...own, ...shared, refreshTopology });
  }

  async #shardsOf({ database, collection, sharding }: ShardPlace, signal: AbortSignal): Promise<CollectionPlace[]> {
    const { watch, servers } = this.#parts;
    const topology = await watch.known(signal);
    const places = Array.from({ length: sharding.shards }, async (_, shardIndex) => {
      const place = topology.place({ database, collection, shardIndex });
      if (place?.leader === undefined) {
        const reason = `no DB-Server leads shard ${shardIndex} of ${database}/${collection}`;
        throw new StreamBroken('no-leader', reason, { retryAfterMs: RETRY_MS });
      }
      const { server } = await servers.find(place.leader);
      return { server, database, collection: place.shard };
    });
    return Promise.all(places);
  }

  #readerOf(server: SourceServer): RunningReader {
    const known = this.#readers.get(server);
    if (known !== undefined) return known;
    const { link, held, environment, limits, throttle, watch } = this.#parts;
    const reader = new SharedReader({
      server,
      link,
      room: this.#room,
      held,
      throttle,
      environment,
      limits,
      channels: () => this.#channelsOn(server),
      onStructure: () => watch.ring(),
      isOfUsers: (key) => watch.isOfUsers(key),
      refreshTopology: (signal) => watch.refresh(signal),
    });
    const stop = new AbortController();
    const running = { reader, stop, done: reader.run(stop.signal) };
    this.#readers.set(server, running);
    return running;
  }

  *#waiting(): Iterable<ShardStream> {
    for (const { stream, sender } of this.#slots.values()) {
      if (sender instanceof InventorySender) continue;
      if (stream.isUnopened || stream.heldBecause !== undefined) yield stream;
    }
  }

  *#channelsOn(server: SourceServer): Iterable<{ readonly channel: string; readonly member: Member | undefined }> {
    for (const [channel, { sender, stream }] of this.#slots) {
      if (!(sender instanceof ShardSender) || sender.server !== server || !stream.isOpened) continue;
      yield { channel, member: sender.member };
    }
  }

  #refuse(slot: Slot, error: unknown): void {
    const { environment, lines } = this.#parts;
    const asked: unknown = slot.stop.signal.reason;
    if (slot.stop.signal.aborted && !(asked instanceof StreamBroken)) {
      slot.stream.end();
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    const ours = asked instanceof StreamBroken ? asked : error;
    const broken = ours instanceof StreamBroken ? ours : new StreamBroken('failed', reason, { retryAfterMs: RETRY_MS });
    lines.say('warn', 'a stream was refused', broken.code, { channel: slot.stream.channel, detail: reason });
    slot.stream.broken(broken, environment.now());
  }

  async #end(): Promise<void> {
    for (const { stop } of this.#readers.values()) stop.abort(new Error('the link is closed'));
    await Promise.all([...this.#slots.keys()].map((channel) => this.end(channel)));
    await Promise.all([...this.#readers.values()].map(({ done }) => done));
  }
}

function tell(sender: ShardSender, control: Exclude<Control, { kind: 'open' | 'close' }>): void {
  if (control.kind === 'verify') sender.verify(control.check);
  else if (control.kind === 'indexes') sender.tellIndexes();
  else if (control.kind === 'ack') sender.acknowledge(control.seq, control.durable);
  else sender.ask(control);
}

function outdated(sender: ShardSender, topology: Topology): StreamBroken | undefined {
  const { place, shard } = sender;
  const now = topology.place(shard);
  if (now === undefined) {
    // A database that did not answer has not lost its shards.
    if (topology.unanswered.has(shard.database)) return undefined;
    return new StreamBroken('shard-gone', `shard ${place.shard} is gone`, { retryAfterMs: RETRY_MS });
  }
  if (now.cuid !== place.cuid) {
    return new StreamBroken('shard-changed', `the shard is ${now.cuid} now, it was ${place.cuid}`);
  }
  if (now.leader !== undefined && now.leader !== sender.server.id) {
    return new StreamBroken('leader-moved', `shard ${place.shard} is led by ${now.leader} now`);
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
