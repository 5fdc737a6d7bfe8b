import type { DifferenceQuestion, FrameHeader } from '../queue.ts';
import type { CatchUp, CatchUpHeader, CatchUpPorts } from './catch-up.ts';
import { type ContentOptions, ContentSession } from './content-session.ts';
import { type CatchUpOptions, CopySession } from './copy-session.ts';
import { DifferenceSession } from './difference-session.ts';
import { ReopenStream, uniqueRefusal } from './failures.ts';
import { ASK_AGAIN_MS } from './opened-shards.ts';
import { isByContent } from './shard-target.ts';
import type { StreamOptions } from './stream-options.ts';
import type { StreamPosition } from './stream-position.ts';
import type { StreamWrites } from './stream-writes.ts';

type Opened = Extract<FrameHeader, { kind: 'opened' }>;

/** Brings one stream's shard to a snapshot of the source, by the way that the source has chosen, before it follows the log. */
export class StreamCatchUp {
  readonly #options: StreamOptions;
  readonly #position: StreamPosition;
  readonly #writes: StreamWrites;
  #catchUp: CatchUp | undefined;
  #caughtUpFor: number | undefined;

  constructor(options: StreamOptions, position: StreamPosition, writes: StreamWrites) {
    this.#options = options;
    this.#position = position;
    this.#writes = writes;
  }

  get isRunning(): boolean {
    return this.#catchUp !== undefined;
  }

  async begin(header: Opened, signal: AbortSignal): Promise<void> {
    const { progress, compare, target, isBegun, environment } = this.#options;
    if ((header.way === 'content') !== isByContent(target, isBegun)) {
      throw new ReopenStream(`the sender goes by ${header.way}, which was not asked for`, { afterMs: ASK_AGAIN_MS });
    }
    if (header.way === 'difference' && compare === undefined) {
      throw new ReopenStream('the sender compares a shard of which nobody knows where its documents came from');
    }
    await this.#options.beforeCatchUp(header.reason, signal);
    this.#caughtUpFor = this.#options.suspicion();
    this.#catchUp = this.#catchUpBy(header.way);
    this.#position.open(header);
    // How many of them differ nobody knows.
    progress.beginCopy(header.way === 'content' ? undefined : header.expectedDocuments, environment.now());
    progress.documentsRemoved = 0;
  }

  /** Takes the next frame of it. */
  async take(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const catchUp = this.#catchUp;
    if (catchUp === undefined) throw new ReopenStream(`${header.kind} came outside of a catch-up`);
    if (!(await catchUp.take(header, body, signal))) return;
    const { progress, onVerified } = this.#options;
    const { settlement } = catchUp;
    await catchUp.close();
    this.#catchUp = undefined;
    this.#options.inbox.caughtUp();
    this.#position.caughtUp();
    // To have come there with nothing to do is a change as well: its checkpoint has to be stored.
    this.#writes.changed();
    progress.status = 'running';
    onVerified(settlement, this.#caughtUpFor);
  }

  /** What it holds of the target lives on, however long its writes are held back. */
  async keepAlive(now: number, signal: AbortSignal): Promise<void> {
    await this.#catchUp?.keepAlive(now, signal);
  }

  /** Gives back what it holds of the target. */
  async close(): Promise<void> {
    await this.#catchUp?.close();
  }

  #catchUpBy(way: Opened['way']): CatchUp {
    const { link, inbox, compare, target, isBegun, openBatch, stored, check } = this.#options;
    const { channel, stream } = inbox;
    const ask = (question: DifferenceQuestion) => link.send({ ...question, channel, stream });
    const options = this.#catchUpOptions();
    if (way === 'difference')
      return new DifferenceSession({ ...options, since: compare?.since, altered: check.altered, ask });
    if (target.revisionOrder) return new CopySession(options);
    const isBlank = !isByContent(target, isBegun);
    const openShard: ContentOptions['openBatch'] = (shard, signal) => openBatch(signal, shard);
    return new ContentSession({ ...options, openBatch: openShard, stored, isBlank, ask });
  }

  #catchUpOptions(): CatchUpOptions {
    const { target, openBatch, progress, environment, limits } = this.#options;
    const ports: CatchUpPorts = {
      write: (documents, bytes, signal) =>
        this.#writes.apply(documents, bytes, signal, ({ operations, bytes: written }) =>
          progress.copied(operations, written, environment.now()),
        ),
      remove: (documents, signal) => this.#writes.remove(documents, signal),
      insert: (documents, signal) => this.#writes.insert(documents, signal),
      settle: (signal) => this.#settle(signal),
      checked: (documents) => this.#writes.checked(documents),
    };
    return { target, ports, openBatch, progress, environment, limits };
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { writer } = this.#options;
    await writer.retryDeferred(signal);
    if (writer.deferred.size > 0) throw uniqueRefusal(this.#options.target, writer.deferred);
  }
}
