import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../src/events/canonical.ts';
import type { Commit } from '../../src/events/log.ts';
import type { Event } from '../../src/events/vocabulary.ts';
import { archiveLog } from '../../src/projections/archive.ts';
import { AUDIT_LIMIT } from '../../src/projections/audit.ts';
import {
  ControlPlane,
  initialControlState,
  project,
  type Snapshot,
  STATE_SCHEMA,
} from '../../src/projections/control-state.ts';
import { loadControlPlane } from '../../src/projections/load.ts';
import { anyHistory, continueHistory, historyOf } from './random-history.ts';

function replay(commits: readonly Commit[], plane = new ControlPlane()): ControlPlane {
  for (const commit of commits) plane.apply(commit);
  return plane;
}

function commitOf(position: number, ...events: readonly Event[]): Commit {
  const prev = position === 1 ? '' : `h${position - 1}`;
  return { position, prev, hash: `h${position}`, term: 1, writer: 'm1', at: 'now', cause: 'test', events };
}

const archiving = {
  writer: { term: 1, writer: 'm1', at: 'now', cause: 'archive' },
  newEventId: () => 'archived',
};

const timeout = (id: string, messageTimeoutMs: number): Event => ({
  id,
  type: 'MessageTimeoutSet',
  v: 1,
  data: { messageTimeoutMs },
});

describe('a replay of any history', () => {
  it('from position 1 gives what the leader had, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (commands) => {
        const { log, live } = await historyOf(commands);
        const commits = await log.read({ position: 0, hash: '' }, 1_000);
        expect(canonicalText(replay(commits).state)).toBe(canonicalText(live.state));
      }),
    );
  });

  it('from a snapshot at any position gives the same', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.nat(), async (commands, cut) => {
        const { live, commits } = await historyOf(commands);
        const at = cut % (commits.length + 1);
        const snapshot = replay(commits.slice(0, at)).snapshot();
        if (snapshot === undefined) throw new Error('every event is known');
        const restored = ControlPlane.restore(JSON.parse(JSON.stringify(snapshot)));
        if (restored === undefined) throw new Error('the snapshot is of this version');
        replay(commits.slice(at), restored);
        expect(canonicalText(restored.state)).toBe(canonicalText(live.state));
        expect(restored.head).toEqual(live.head);
      }),
    );
  });

  it('from the state that archiving left gives the same', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyHistory, async (before, after) => {
        const { log, live } = await historyOf(before);
        expect(await archiveLog(log, live, archiving)).toBe('archived');
        await continueHistory({ log, live, commits: [] }, after);
        const replayed = replay(await log.read({ position: 0, hash: '' }, 1_000));
        expect(canonicalText(replayed.state)).toBe(canonicalText(live.state));
      }),
      { numRuns: 30 },
    );
  });
});

describe('histories of commands', () => {
  it('reach every state of a synchronization, so that the replays above mean something', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyHistory, async (commands) => {
        const { live, commits } = await historyOf(commands);
        seen.add(live.state.synchronization.phase);
        for (const { events } of commits) for (const { type } of events) seen.add(type);
      }),
      { numRuns: 300, seed: 7 },
    );
    for (const what of ['inactive', 'active', 'cancelling', 'failed']) expect(seen).toContain(what);
    for (const what of ['ShardStatesChanged', 'TasksAssigned', 'TasksUnassigned', 'ShardResetRequested'])
      expect(seen).toContain(what);
    for (const what of ['OutgoingShardsRemoved', 'DropsConfirmed', 'CommandRejected', 'SyncStopped'])
      expect(seen).toContain(what);
  });
});

describe('the control plane', () => {
  it('overlooks a commit that it has applied already', () => {
    const plane = replay([commitOf(1, timeout('e1', 5))]);
    plane.apply(commitOf(1, timeout('other', 7)));
    expect(plane.state.settings.messageTimeoutMs).toBe(5);
    expect(plane.position).toBe(1);
  });

  it('refuses to skip commits', () => {
    expect(() => replay([commitOf(1, timeout('e1', 5)), commitOf(3, timeout('e3', 7))])).toThrow('does not follow');
    expect(() => replay([commitOf(2, timeout('e2', 5))])).toThrow('does not follow');
  });

  it('follows with an event that it does not understand, but is not fit to lead, and makes no snapshot', () => {
    const unknown = { id: 'e1', type: 'FutureThing', v: 1, data: {} };
    const plane = replay([commitOf(1, unknown, timeout('e2', 5))]);
    expect(plane.fitToLead).toBe(false);
    expect(plane.state.notUnderstood).toMatchObject([{ position: 1, type: 'FutureThing', v: 1 }]);
    expect(plane.state.settings.messageTimeoutMs).toBe(5);
    expect(plane.snapshot()).toBeUndefined();
  });

  it('is not fit to lead from an archived state of another shape', () => {
    const archived = { id: 'e1', type: 'LogArchived', v: 1, data: { schema: STATE_SCHEMA + 1, state: {} } };
    expect(replay([commitOf(7, archived)]).fitToLead).toBe(false);
    expect(replay([commitOf(1, timeout('e', 5)), commitOf(2, archived)]).fitToLead).toBe(true);
  });

  it('does not begin from a snapshot of another shape', () => {
    const snapshot = new ControlPlane().snapshot() as Snapshot;
    expect(ControlPlane.restore({ ...snapshot, schema: STATE_SCHEMA + 1 })).toBeUndefined();
  });

  it('keeps the states it gave out as they were', () => {
    const plane = replay([commitOf(1, timeout('e1', 5))]);
    const before = plane.state;
    plane.apply(commitOf(2, timeout('e2', 7)));
    expect(before.settings.messageTimeoutMs).toBe(5);
  });
});

describe('archiving', () => {
  it('is not done by one who does not understand the log', async () => {
    const { log } = await historyOf([]);
    const plane = replay([commitOf(1, { id: 'e1', type: 'FutureThing', v: 1, data: {} })]);
    await expect(archiveLog(log, plane, archiving)).rejects.toThrow('newer version');
  });

  it('removes nothing when another one wrote first', async () => {
    const { log, live, commits } = await historyOf([{ kind: 'set-message-timeout', messageTimeoutMs: 9 }]);
    const behind = new ControlPlane();
    expect(await archiveLog(log, behind, archiving)).toBe('conflict');
    expect(await log.read({ position: 0, hash: '' }, 10)).toEqual(commits);
    expect(live.position).toBe(1);
  });
});

describe('the audit', () => {
  it('names who did what on whose behalf, and what was refused and why', () => {
    const refused = { command: 'configure-sync', status: 412, code: 'other-source', reason: 'busy' };
    const event = { id: 'e1', type: 'CommandRejected', v: 1, data: { ...refused, subject: {}, unrecorded: 0 } };
    const actor = { kind: 'user', name: 'root', address: '10.0.0.7' } as const;
    const commit: Commit = { ...commitOf(1, event), v: 2, actor };
    expect(project(initialControlState, commit).audit).toEqual([
      {
        position: 1,
        at: 'now',
        term: 1,
        writer: 'm1',
        cause: 'test',
        actor,
        events: ['CommandRejected'],
        refused: [refused],
      },
    ]);
  });

  it('keeps the newest commits, and a bounded number of them', () => {
    const commits = Array.from({ length: AUDIT_LIMIT + 10 }, (_, index) =>
      commitOf(index + 1, timeout(`e${index}`, 5)),
    );
    const { audit } = replay(commits).state;
    expect(audit).toHaveLength(AUDIT_LIMIT);
    expect(audit[0]?.position).toBe(11);
    expect(audit.at(-1)?.position).toBe(AUDIT_LIMIT + 10);
  });
});

describe('loading the control plane', () => {
  const storeOf = (snapshot: Snapshot | undefined) => ({ load: async () => snapshot, save: async () => {} });

  it('goes on from a snapshot, or reads everything without one', async () => {
    const commands = fc.sample(anyHistory, { numRuns: 1, seed: 11 })[0] ?? [];
    const { log, live, commits } = await historyOf(commands);
    expect(commits.length).toBeGreaterThan(5);
    const snapshot = replay(commits.slice(0, 4)).snapshot();
    for (const store of [storeOf(snapshot), storeOf(undefined)]) {
      const loaded = await loadControlPlane(log, store);
      expect(canonicalText(loaded.state)).toBe(canonicalText(live.state));
    }
  });

  it('reads everything when the snapshot is of another shape', async () => {
    const { log, live } = await historyOf([{ kind: 'set-message-timeout', messageTimeoutMs: 9 }]);
    const wrong = { schema: STATE_SCHEMA + 1, head: live.head, state: '{}' };
    expect((await loadControlPlane(log, storeOf(wrong))).state).toEqual(live.state);
  });

  it('S18: stops when the log lacks the commit that the snapshot was made at', async () => {
    const { log } = await historyOf([{ kind: 'set-message-timeout', messageTimeoutMs: 9 }]);
    const ahead = { schema: STATE_SCHEMA, head: { position: 5, hash: 'h' }, state: canonicalText(initialControlState) };
    await expect(loadControlPlane(log, storeOf(ahead))).rejects.toThrow('position 5: missing');
  });

  it('S10: begins anew when the snapshot is older than what archiving left', async () => {
    const { log, live } = await historyOf([
      { kind: 'set-message-timeout', messageTimeoutMs: 9 },
      { kind: 'set-message-timeout', messageTimeoutMs: 10 },
    ]);
    const old = {
      schema: STATE_SCHEMA,
      head: { position: 1, hash: 'gone' },
      state: canonicalText(initialControlState),
    };
    await archiveLog(log, live, archiving);
    const loaded = await loadControlPlane(log, storeOf(old));
    expect(loaded.state.settings.messageTimeoutMs).toBe(10);
    expect(loaded.position).toBe(3);
  });
});
