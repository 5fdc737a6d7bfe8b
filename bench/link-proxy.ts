import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How the two datacenters are joined. Both 0: as they are, on loopback. */
export interface LinkQuality {
  readonly rttMs: number;
  readonly lossPercent: number;
}

/** Payload of one segment on an Ethernet path. */
const SEGMENT_BYTES = 1_448;
/** So many segments behind a lost one tell its sender at once that it is lost. */
const DUPLICATES_THAT_TELL = 3;
/** The shortest retransmission timeout of Linux, beside the round trip. */
const TIMEOUT_MS_MIN = 200;
/** Under way in one direction of one connection: the largest window that Linux gives by itself. */
const WINDOW_BYTES = 6 * 1_024 * 1_024;

/**
 * A TCP proxy on loopback that delays as a long link would. What is modelled, for each connection and direction:
 *
 * - Half of the round trip before anything arrives, and a whole one before a connection is made.
 * - A window of 6 MiB: what arrived counts in it until its acknowledgement is back. At 100 ms that caps a connection at
 *   60 MiB/s; there is no other cap on the bandwidth.
 * - Loss as a program sees it through TCP: no byte is missing or changed, but everything behind a lost segment waits for it,
 *   one round trip when three segments follow it at once, else for the retransmission timeout of a round trip and 200 ms,
 *   which doubles when the retransmission is lost as well.
 *
 * Not modelled: a sender that slows down because of losses. One with BBR does not; CUBIC at 100 ms and 1 % is held to some
 * 200 KiB/s for each connection, whatever runs above it.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #quality: LinkQuality = { rttMs: 0, lossPercent: 0 };
  #bytes = 0;

  readonly #random: () => number;

  private constructor(server: Server, random: () => number) {
    this.#server = server;
    this.#random = random;
  }

  /** `random` draws from [0, 1) whether a segment is lost. */
  static async listen(random: () => number = Math.random): Promise<LinkProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new LinkProxy(server, random);
    server.on('connection', (near) => void proxy.#join(near));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy listens on no port');
    return address.port;
  }

  /** Bytes that went over it, in both directions. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Connections go on to this port of the loopback interface from now on. */
  towards(port: number): void {
    this.#port = port;
  }

  /** Holds for what is sent from now on, also over connections that are there. */
  become(quality: LinkQuality): void {
    this.#quality = quality;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #join(near: Socket): Promise<void> {
    this.#keep(near);
    near.pause();
    await new Promise((resolve) => setTimeout(resolve, this.#quality.rttMs));
    if (near.destroyed) return;
    const far = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    this.#keep(far);
    const quality = () => this.#quality;
    const count = (bytes: number) => {
      this.#bytes += bytes;
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      new Direction(from, to, quality, count, this.#random).run();
    }
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

interface Piece {
  readonly dueAt: number;
  /** Or that the sender has ended, or broke off. */
  readonly what: Buffer | 'end' | 'reset';
}

/** One direction of one connection. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #quality: () => LinkQuality;
  readonly #count: (bytes: number) => void;
  readonly #random: () => number;
  readonly #underWay: Piece[] = [];
  #windowBytes = 0;
  /** Nothing arrives before what was sent before it. */
  #lastDueAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    to: Socket,
    quality: () => LinkQuality,
    count: (bytes: number) => void,
    random: () => number,
  ) {
    this.#random = random;
    this.#from = from;
    this.#to = to;
    this.#quality = quality;
    this.#count = count;
  }

  run(): void {
    this.#from.on('data', (bytes) => this.#send(bytes));
    this.#from.on('end', () => this.#put('end', 0));
    this.#from.on('close', () => {
      if (!this.#from.readableEnded) this.#put('reset', 0);
    });
    this.#to.on('close', () => clearTimeout(this.#timer));
    this.#from.resume();
  }

  #send(bytes: Buffer): void {
    this.#count(bytes.length);
    this.#windowBytes += bytes.length;
    if (this.#windowBytes >= WINDOW_BYTES) this.#from.pause();
    const segments = Math.ceil(bytes.length / SEGMENT_BYTES);
    let from = 0;
    let waitMs = 0;
    for (let segment = 0; segment < segments; segment += 1) {
      const retransmissionMs = retransmissionMsOf(segments - segment - 1, this.#quality(), this.#random);
      if (retransmissionMs <= waitMs) continue;
      const at = segment * SEGMENT_BYTES;
      if (at > from) this.#put(bytes.subarray(from, at), waitMs);
      from = at;
      waitMs = retransmissionMs;
    }
    this.#put(bytes.subarray(from), waitMs);
  }

  #put(what: Piece['what'], waitMs: number): void {
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + this.#quality().rttMs / 2 + waitMs);
    this.#underWay.push({ dueAt: this.#lastDueAt, what });
    if (this.#timer === undefined) this.#deliver();
  }

  #deliver(): void {
    this.#timer = undefined;
    for (let [piece] = this.#underWay; piece !== undefined; [piece] = this.#underWay) {
      const restMs = piece.dueAt - performance.now();
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), Math.ceil(restMs));
        return;
      }
      this.#underWay.shift();
      this.#arrive(piece.what);
    }
  }

  #arrive(what: Piece['what']): void {
    if (this.#to.destroyed) return;
    if (what === 'end') this.#to.end();
    else if (what === 'reset') this.#to.destroy();
    // Taken by the other side, and its acknowledgement on the way back.
    else this.#to.write(what, () => after(this.#quality().rttMs / 2, () => this.#acknowledge(what.length)));
  }

  #acknowledge(bytes: number): void {
    this.#windowBytes -= bytes;
    if (this.#windowBytes < WINDOW_BYTES) this.#from.resume();
  }
}

function after(ms: number, work: () => void): void {
  if (ms === 0) work();
  else setTimeout(work, ms);
}

/** How long what is behind a segment waits for it; 0: it is not lost. */
function retransmissionMsOf(segmentsBehind: number, { rttMs, lossPercent }: LinkQuality, random: () => number): number {
  const isLost = () => random() * 100 < lossPercent;
  if (!isLost()) return 0;
  let timeoutMs = rttMs + TIMEOUT_MS_MIN;
  let waitMs = segmentsBehind >= DUPLICATES_THAT_TELL ? Math.max(rttMs, Number.EPSILON) : timeoutMs;
  while (isLost()) {
    timeoutMs *= 2;
    waitMs += timeoutMs;
  }
  return waitMs;
}
