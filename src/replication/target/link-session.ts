import type { Control, Frame, FrameHeader, ReceiverLink } from '../queue.ts';
import type { CatchUpMemory } from './catch-up-memory.ts';
import type { Environment } from './environment.ts';
import { ReopenStream } from './failures.ts';
import { type FloorFrame, FloorGroup } from './floor-group.ts';
import { type ChannelHeader, Inbox } from './inbox.ts';

type OpenControl = Extract<Control, { kind: 'open' }>;

/** A stream that waits for the target, and may be put off to make room for others. */
export interface Sheddable {
  readonly stalled: boolean;
  shed(reason: Error): void;
}

/** Whoever opened a stream. */
export interface StreamOwner extends Sheddable {
  /** The source has the stream wait for its turn. */
  queued?(reason: string): void;
}

/** What frames of a link may take that are not applied. */
export interface LinkMemory {
  /** The link's part of the worker's memory for frames; it changes with the number of links. */
  readonly bytesMax: () => number;
  /** Shared with the other links. */
  readonly catchUps: CatchUpMemory;
}

/**
 * One link to a source worker: hands each frame to the inbox of its stream, and stops pulling while the worker's part of
 * memory for this link is full (S7). What is caught up with has memory of its own: whoever streams must not wait
 * behind it, however slowly it may be written. Frames of streams that nobody has open any longer are dropped: they were closed.
 */
export class LinkSession {
  readonly workerId: string;
  readonly link: ReceiverLink;
  readonly #environment: Environment;
  readonly #bytesMax: () => number;
  readonly #inboxes = new Map<string, { readonly inbox: Inbox; readonly owner: StreamOwner }>();
  readonly #groups = new Map<string, FloorGroup>();
  readonly #catchUps: CatchUpMemory;
  /** Without what the memory for catch-ups holds. */
  #bufferedBytes = 0;
  #room: (() => void) | undefined;

  constructor(workerId: string, link: ReceiverLink, environment: Environment, memory: LinkMemory) {
    this.workerId = workerId;
    this.link = link;
    this.#environment = environment;
    this.#bytesMax = memory.bytesMax;
    this.#catchUps = memory.catchUps;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Sends `open` and collects the stream's frames from now on. */
  open(control: OpenControl, owner: StreamOwner): Inbox {
    const inbox: Inbox = new Inbox(control, this.#environment.now(), (bytes) => this.#freed(inbox, bytes));
    if (this.link.closed.aborted) {
      inbox.end(this.#lost());
      return inbox;
    }
    this.#inboxes.set(control.stream, { inbox, owner });
    this.link.send(control);
    return inbox;
  }

  send(control: Control): void {
    if (!this.link.closed.aborted) this.link.send(control);
  }

  /** Ends a stream at this side and tells the sender. */
  close(inbox: Inbox, reason: Error): void {
    if (!this.#inboxes.delete(inbox.stream)) return;
    inbox.end(reason);
    this.send({ kind: 'close', channel: inbox.channel, stream: inbox.stream });
  }

  /** Passes frames on until the link ends; then every stream on it ends too. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.link.close();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const frame of this.link.frames) {
        this.#pass(frame);
        await this.#makeRoom();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.link.close();
      for (const { inbox } of this.#inboxes.values()) inbox.end(this.#lost());
      this.#inboxes.clear();
    }
  }

  #lost(): ReopenStream {
    return new ReopenStream(`the link to source worker ${this.workerId} is gone`);
  }

  #pass({ header, body }: Frame): void {
    if (header.kind === 'floor') this.#passFloor(header);
    else if (header.kind === 'queued') this.#passQueued(header);
    else this.#passTo(header, body);
  }

  #passTo(header: ChannelHeader, body: Uint8Array): void {
    const entry = this.#inboxes.get(header.stream);
    if (entry === undefined || entry.inbox.channel !== header.channel) return;
    const bytes = entry.inbox.accept({ header, body }, this.#environment.now());
    this.#bufferedBytes += bytes - this.#catchUps.take(entry.inbox, bytes);
  }

  #passFloor(frame: FloorFrame): void {
    const group = this.#groupOf(frame);
    const except = new Set(frame.except);
    const now = this.#environment.now();
    group.heard(frame, now);
    for (const { inbox } of this.#inboxes.values()) {
      if (inbox.isOn(frame.dbServer, frame.serverId) && !except.has(inbox.channel)) inbox.noteFloor(group, frame, now);
    }
  }

  #passQueued({ streams, reason }: Extract<FrameHeader, { kind: 'queued' }>): void {
    for (const stream of streams) {
      const entry = this.#inboxes.get(stream);
      entry?.inbox.noteQueued(this.#environment.now());
      entry?.owner.queued?.(reason);
    }
  }

  #groupOf(frame: FloorFrame): FloorGroup {
    const name = `${frame.dbServer}/${frame.serverId}`;
    const known = this.#groups.get(name);
    if (known !== undefined) {
      known.advance(frame);
      return known;
    }
    const group = new FloorGroup(`floor-${this.#environment.newId()}`, frame);
    this.#groups.set(name, group);
    return group;
  }

  #freed(inbox: Inbox, bytes: number): void {
    this.#bufferedBytes -= bytes - this.#catchUps.freed(inbox);
    if (!this.#isFull) this.#room?.();
  }

  get #isFull(): boolean {
    return this.#bufferedBytes >= this.#bytesMax();
  }

  /** Waits below the limit. Streams that wait for the target, not for us, must not hold the others up (S7): they go. */
  async #makeRoom(): Promise<void> {
    while (this.#isFull && !this.link.closed.aborted) {
      const stalled = this.#largestStalled();
      if (stalled !== undefined) {
        stalled.owner.shed(new ReopenStream('its part of the buffers was needed for other shards'));
        this.close(stalled.inbox, new ReopenStream('its part of the buffers was needed for other shards'));
        continue;
      }
      await this.#roomOrStall();
    }
  }

  #largestStalled(): { readonly inbox: Inbox; readonly owner: Sheddable } | undefined {
    return [...this.#inboxes.values()]
      .filter(({ inbox, owner }) => owner.stalled && this.#bytesOf(inbox) > 0)
      .toSorted((a, b) => this.#bytesOf(b.inbox) - this.#bytesOf(a.inbox))[0];
  }

  /** What the inbox takes of the link's memory. */
  #bytesOf(inbox: Inbox): number {
    return inbox.bufferedBytes - this.#catchUps.of(inbox);
  }

  /** A stream can begin to wait for the target while we wait for room: whoever does calls {@link stallsChanged}. */
  async #roomOrStall(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = () => resolve();
    this.#room = go;
    this.link.closed.addEventListener('abort', go, { once: true });
    await promise;
    this.link.closed.removeEventListener('abort', go);
    this.#room = undefined;
  }

  stallsChanged(): void {
    this.#room?.();
  }
}
