import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { Control, FrameHeader, ReceiverLink, SenderLink, Tick, Witness } from '../../../src/replication/queue.ts';

type Open = Extract<Control, { kind: 'open' }>;
type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;
type Loose<T> = Partial<T> & { readonly body?: string };

export const SOURCE_ID = 'source-deployment';
export const SOURCE_SERVER = { dbServer: 'PRMR-source', serverId: '4711' } as const;

/** A stream that the target opened, to be served by the test word for word. */
export class ScriptedStream {
  readonly open: Open;
  readonly #link: SenderLink;
  #seq = 0;

  constructor(open: Open, link: SenderLink) {
    this.open = open;
    this.#link = link;
  }

  /** Number of the newest frame. */
  get seq(): number {
    return this.#seq;
  }

  opened(way: 'tail' | 'copy' | 'content', from: Tick, more: Loose<Header<'opened'>> = {}): this {
    return this.#push({
      kind: 'opened',
      way,
      reason: `test: ${way}`,
      sourceDeployment: SOURCE_ID,
      ...SOURCE_SERVER,
      cuid: 'c1/s1',
      from,
      ...more,
    });
  }

  found(documents: readonly string[]): this {
    return this.#push({ kind: 'found' }, documents.map((line) => `${line}\n`).join(''));
  }

  copy(documents: readonly string[], last: boolean): this {
    return this.#push(
      { kind: 'copy', documents: documents.length, last },
      documents.map((line) => `${line}\n`).join(''),
    );
  }

  /** `lines` begin with `+` or `-`. */
  ops(from: Tick, to: Tick, lines: readonly string[], more: Loose<Header<'ops'>> = {}): this {
    const witnesses: readonly Witness[] = [];
    const header = { from, to, complete: true, operations: lines.length, witnesses, asOf: Date.now(), ...more };
    return this.#push({ kind: 'ops', ...header }, lines.map((line) => `${line}\n`).join(''));
  }

  tree(tick: Tick, count: number, hash: string): this {
    return this.#push({ kind: 'tree', tick, count, hash });
  }

  broken(reason: string, catchUp: boolean): this {
    return this.#push({ kind: 'broken', code: 'TEST', reason, ...(catchUp && { catchUp: 'any' as const }) });
  }

  indexes(definitions: readonly object[]): this {
    return this.#push({ kind: 'indexes' }, JSON.stringify(definitions));
  }

  inventory(inventory: unknown): this {
    return this.#push({ kind: 'inventory' }, JSON.stringify(inventory));
  }

  /** Leaves a hole: the next frame does not carry the next number. */
  skip(): this {
    this.#seq += 1;
    return this;
  }

  #push(header: object, body = ''): this {
    this.#seq += 1;
    const { channel, stream } = this.open;
    this.#link.push({
      header: { ...header, channel, stream, seq: this.#seq } as FrameHeader,
      body: Buffer.from(body),
    });
    return this;
  }
}

/** A source worker that does what the test says. Records every control. */
export class ScriptedSource {
  readonly controls: Control[] = [];
  readonly #waiting: { readonly wants: (control: Control) => boolean; readonly found: (control: Control) => void }[] =
    [];
  readonly #links: SenderLink[] = [];
  readonly #channels: readonly string[];
  readonly #given = new Set<Control>();

  constructor(channels: readonly string[]) {
    this.#channels = channels;
  }

  readonly routes = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(this.#channels.map((channel) => [channel, 'source-worker']));

  readonly connect = async (): Promise<ReceiverLink> => {
    const { sender, receiver } = memoryLink({ targetId: 'target' });
    this.#links.push(sender);
    void this.#listen(sender);
    return receiver;
  };

  /** The next stream that the target opens on a channel. */
  async nextStream(channel: string): Promise<ScriptedStream> {
    const open = await this.next((control): control is Open => control.kind === 'open' && control.channel === channel);
    const link = this.#links.at(-1);
    if (link === undefined) throw new Error('a stream was opened without a link');
    return new ScriptedStream(open, link);
  }

  /** The oldest control that fits and was not given before. */
  next<T extends Control>(wants: (control: Control) => control is T): Promise<T> {
    const known = this.controls.find((control): control is T => !this.#given.has(control) && wants(control));
    if (known !== undefined) {
      this.#given.add(known);
      return Promise.resolve(known);
    }
    return new Promise((resolve) => this.#waiting.push({ wants, found: (control) => resolve(control as T) }));
  }

  /** Waits until all that the stream carries so far is applied: what comes now is not taken together with it. */
  async applied({ open, seq }: ScriptedStream): Promise<void> {
    await this.next(
      (control): control is Extract<Control, { kind: 'ack' }> =>
        control.kind === 'ack' && control.stream === open.stream && control.seq >= seq,
    );
  }

  floor(tick: Tick, except: readonly string[] = [], witnesses: readonly Witness[] = []): void {
    const header = { kind: 'floor', ...SOURCE_SERVER, tick, asOf: Date.now(), except, witnesses } as const;
    this.#links.at(-1)?.push({ header, body: new Uint8Array(0) });
  }

  /** Lets streams wait for their turn. */
  queued(streams: readonly ScriptedStream[], reason: string): void {
    const header = { kind: 'queued', streams: streams.map(({ open }) => open.stream), reason } as const;
    this.#links.at(-1)?.push({ header, body: new Uint8Array(0) });
  }

  async #listen(link: SenderLink): Promise<void> {
    for await (const control of link.controls) {
      this.controls.push(control);
      const index = this.#waiting.findIndex(({ wants }) => wants(control));
      const waiting = index === -1 ? undefined : this.#waiting.splice(index, 1)[0];
      if (waiting !== undefined) {
        this.#given.add(control);
        waiting.found(control);
      }
    }
  }
}
