import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinkProxy } from '../../bench/link-proxy.ts';

const MIB = 1_024 * 1_024;

let link: LinkProxy;
let echo: Server;
/** What is drawn next for each segment; then nothing is lost. */
let draws: number[] = [];
const LOST = 0;
const ARRIVES = 0.999;

/** Sends back what it gets, and ends when the other side does. */
beforeEach(async () => {
  echo = createServer((socket) => void socket.pipe(socket).on('error', () => socket.destroy()));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  draws = [];
  link = await LinkProxy.listen(() => draws.shift() ?? ARRIVES);
  const address = echo.address();
  link.towards(typeof address === 'object' && address !== null ? address.port : 0);
});

afterEach(async () => {
  await link.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Time from a byte that leaves until it is back, ms. */
async function tripMs(socket: Socket): Promise<number> {
  const sentAt = performance.now();
  socket.write('x');
  await once(socket, 'data');
  return performance.now() - sentAt;
}

function pattern(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 9)) & 0xff));
}

describe('the link of the benchmarks', () => {
  test.each([
    { rttMs: 0, lossPercent: 0 },
    { rttMs: 20, lossPercent: 0 },
    { rttMs: 5, lossPercent: 99 },
  ])('brings every byte in order and the end behind them, with %o', async (quality) => {
    draws = Array.from({ length: 300 }, (_, at) => (at % 20 === 0 ? LOST : ARRIVES));
    link.become(quality);
    const socket = await dial();
    const sent = pattern(MIB);
    socket.end(sent);
    const back = await buffer(socket);
    expect(back.equals(sent)).toBe(true);
    expect(link.bytes).toBe(2 * sent.length);
  });

  test('takes the round trip for an answer, and one more for the connection', async () => {
    link.become({ rttMs: 100, lossPercent: 0 });
    const socket = await dial();
    expect(await tripMs(socket)).toBeGreaterThanOrEqual(199);
    expect(await tripMs(socket)).toBeGreaterThanOrEqual(99);
    socket.destroy();
  });

  test('becomes another one under connections that are there', async () => {
    const socket = await dial();
    await tripMs(socket);
    link.become({ rttMs: 80, lossPercent: 0 });
    expect(await tripMs(socket)).toBeGreaterThanOrEqual(79);
    socket.destroy();
  });

  test('lets a lost segment wait for its timeout when nothing follows it', async () => {
    draws = [LOST];
    link.become({ rttMs: 10, lossPercent: 1 });
    const socket = await dial();
    expect(await tripMs(socket)).toBeGreaterThanOrEqual(10 + 10 + 200 - 1);
    socket.destroy();
  });

  test('doubles the timeout when the retransmission is lost as well', async () => {
    draws = [LOST, LOST];
    link.become({ rttMs: 0, lossPercent: 1 });
    const socket = await dial();
    expect(await tripMs(socket)).toBeGreaterThanOrEqual(200 + 400 - 1);
    socket.destroy();
  });

  test('lets what follows a lost segment wait for one round trip when enough follows at once', async () => {
    link.become({ rttMs: 400, lossPercent: 1 });
    const socket = await dial();
    await tripMs(socket);
    draws = [LOST];
    const sentAt = performance.now();
    socket.end(pattern(10 * 1_448));
    await buffer(socket);
    const tookMs = performance.now() - sentAt;
    expect(tookMs).toBeGreaterThanOrEqual(799);
    expect(draws).toEqual([]);
    socket.destroy();
  });
});
