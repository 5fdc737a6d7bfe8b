import { describe, expect, test } from 'vitest';
import { SESSION_IDLE_MS_MAX, SESSIONS_MAX } from '../../../src/adapters/mq/direct/limits.ts';
import { LinkHost } from '../../../src/adapters/mq/direct/link-host.ts';
import { PollSuperseded } from '../../../src/adapters/mq/direct/sender-session.ts';
import { ManualClock } from '../../worker/support/manual-clock.ts';
import { frame, never } from './link-suite.ts';

function session(host: LinkHost, id: string) {
  const opened = host.open(id, 'target');
  if (opened.kind !== 'open') throw new Error(`not opened: ${opened.kind}`);
  return opened.session;
}

describe('the links of a source worker', () => {
  test('one that nobody asks about ends after its idle time, another one stays', async () => {
    const clock = new ManualClock();
    const host = new LinkHost({ clock, onLink: () => {} });
    const expiring = host.expireIdle();
    const idle = session(host, 'A');
    const used = session(host, 'B');
    for (let passedMs = 0; passedMs <= SESSION_IDLE_MS_MAX + 30_000; passedMs += 5_000) {
      used.touch();
      await clock.advance(5_000);
    }
    expect(idle.closed.aborted).toBe(true);
    expect(String(idle.closed.reason)).toContain('nobody asked');
    expect(used.closed.aborted).toBe(false);
    expect(host.find('A', 'target')).toBeUndefined();
    host.stop('the test is over');
    await expiring;
  });

  test('are told to the engine once, however often they are opened', () => {
    const links: unknown[] = [];
    const host = new LinkHost({ clock: new ManualClock(), onLink: (link) => links.push(link) });
    expect(session(host, 'A')).toBe(session(host, 'A'));
    expect(links).toHaveLength(1);
  });

  test('are bounded in number', () => {
    const host = new LinkHost({ clock: new ManualClock(), onLink: () => {} });
    for (let at = 0; at < SESSIONS_MAX; at += 1) session(host, `S${at}`);
    expect(host.open('one more', 'target').kind).toBe('full');
  });

  test('share a buffer: many of them get less each', async () => {
    const host = new LinkHost({ clock: new ManualClock(), onLink: () => {} });
    const sessions = Array.from({ length: 64 }, (_, at) => session(host, `S${at}`));
    sessions[0]?.push(frame(1, Buffer.alloc(5 * 1024 * 1024)));
    const stop = AbortSignal.timeout(20);
    await expect(sessions[0]?.writable(stop)).rejects.toThrow();
    await expect(sessions[1]?.writable(never)).resolves.toBeUndefined();
  });

  test('a poll that comes late does not take the stream from a newer one', async () => {
    const host = new LinkHost({ clock: new ManualClock(), onLink: () => {} });
    const link = session(host, 'A');
    const newer = link.poll({ poll: 2, from: 1, holdMs: 1000 }, 'identity', never);
    expect(() => link.poll({ poll: 1, from: 1, holdMs: 1000 }, 'identity', never)).toThrow(PollSuperseded);
    expect(() => link.poll({ poll: 2, from: 1, holdMs: 1000 }, 'identity', never)).toThrow(PollSuperseded);
    link.push(frame(1));
    await newer.next();
    expect(Buffer.from((await newer.next()).value ?? []).toString()).toContain('"seq":1');
  });

  test('a newer poll ends the stream of the one before', async () => {
    const host = new LinkHost({ clock: new ManualClock(), onLink: () => {} });
    const link = session(host, 'A');
    const older = link.poll({ poll: 1, from: 1, holdMs: 1000 }, 'identity', never);
    await older.next();
    const waiting = older.next();
    link.poll({ poll: 2, from: 1, holdMs: 1000 }, 'identity', never);
    expect((await waiting).done).toBe(true);
  });

  test('an idle stream beats, and ends when its time is over', async () => {
    const clock = new ManualClock();
    const host = new LinkHost({ clock, onLink: () => {} });
    const stream = session(host, 'A').poll({ poll: 1, from: 1, holdMs: 12_000 }, 'identity', never);
    const beats: string[] = [];
    const reading = (async () => {
      for await (const chunk of stream) beats.push(Buffer.from(chunk).toString());
    })();
    for (let at = 0; at < 13; at += 1) await clock.advance(1_000);
    await reading;
    expect(beats.length).toBeGreaterThanOrEqual(3);
    expect(beats.every((beat) => beat.includes('"beat":true'))).toBe(true);
  });
});
