import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOneGo, withEntry, withNewest, withoutKeys } from '../../src/domain/collections.ts';
import { canonicalText } from '../../src/events/canonical.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';
import { anyHistory, historyOf } from './random-history.ts';

describe('a replay in one go', () => {
  it('leads to the same states as commit by commit, wherever it is interrupted', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.nat(), async (commands, cut) => {
        const { commits, live } = await historyOf(commands);
        const at = cut % (commits.length + 1);
        const plane = new ControlPlane();
        plane.applyAll(commits.slice(0, at));
        const [before, text] = [plane.state, canonicalText(plane.state)];
        plane.applyAll(commits.slice(at));
        expect(canonicalText(plane.state)).toBe(canonicalText(live.state));
        // What was given out before stays as it was.
        expect(canonicalText(before)).toBe(text);
      }),
    );
  });

  it('copies a map once, and never one that somebody else has', () => {
    const given: ReadonlyMap<string, number> = new Map([['a', 1]]);
    const [first, second] = inOneGo(() => {
      const changed = withEntry(given, 'b', 2);
      return [changed, withoutKeys(changed, ['a'])];
    });
    expect(first).toBe(second);
    expect([...given]).toEqual([['a', 1]]);
    expect(inOneGo(() => withEntry(second, 'c', 3))).not.toBe(second);
    expect(withEntry(second, 'c', 3)).not.toBe(second);
    expect([...second]).toEqual([['b', 2]]);
  });

  it('keeps only the newest of a list', () => {
    expect(withNewest([1, 2, 3], 4, 3)).toEqual([2, 3, 4]);
    expect(inOneGo(() => withNewest(withNewest([1, 2], 3, 3), 4, 3))).toEqual([2, 3, 4]);
  });

  it('ends with an error, too', () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => inOneGo(broken)).toThrow('broken');
    const map = inOneGo(() => withEntry(new Map(), 'a', 1));
    expect(withEntry(map, 'b', 2)).not.toBe(map);
  });
});
