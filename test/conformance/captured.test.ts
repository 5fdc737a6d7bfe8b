import { describe, expect, test } from 'vitest';
import { startEmbedded } from '../../src/adapters/embedded/index.ts';
import { Comparison } from './captured/compare.ts';
import { leftOut } from './captured/left-out.ts';
import { play } from './captured/play.ts';
import type { CapturedAnswer } from './captured/scenario.ts';
import { captured, scenarios } from './captured/scenarios.ts';

let agreed = 0;

describe('what real 3.12.10 servers answered, the embedded server answers', () => {
  for (const scenario of scenarios) {
    test(scenario.name, async () => {
      const wanted = captured.filter(({ name }) => name === scenario.name);
      const server = await startEmbedded({ mode: scenario.deployment ?? 'single' });
      try {
        const answers = await play(
          server.endpoints.at(scenario.isAskedOfAnother === true ? -1 : 0) as string,
          scenario,
        );
        expect(answers.length).toBe(wanted.length);
        const comparison = new Comparison(scenario.isUnordered === true);
        for (const [index, answer] of answers.entries()) {
          expect(comparison.differences(wanted[index] as CapturedAnswer, answer)).toEqual([]);
        }
        agreed += answers.length;
      } finally {
        await server.stop();
      }
    });
  }

  test('every captured answer agrees or is left out with a reason', () => {
    const names = (entries: readonly { name: string; step?: number }[]) =>
      entries.map(({ name, step }) => `${name} ${step ?? ''}`).sort();
    const played = captured.filter(({ name }) => scenarios.some((scenario) => scenario.name === name));
    expect(names([...played, ...leftOut])).toEqual(names(captured));
    expect(agreed + leftOut.length).toBe(captured.length);
    console.info(
      `captured answers of real servers: ${agreed} agree, ${leftOut.length} left out, ${captured.length} in all`,
    );
  });
});
