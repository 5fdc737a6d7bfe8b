import { describe, expect, test } from 'vitest';
import { startEmbedded } from '../../src/adapters/embedded/index.ts';
import { Comparison } from './captured/compare.ts';
import { type OlderVersion, olderAnswers, olderScenarios } from './captured/older/captures.ts';
import { olderLeftOut } from './captured/older/left-out.ts';
import { play } from './captured/play.ts';
import type { CapturedAnswer } from './captured/scenario.ts';
import { captured, scenarios } from './captured/scenarios.ts';

const releases: Readonly<Record<OlderVersion, string>> = { '3.10': '3.10.14', '3.11': '3.11.14' };

for (const [version, release] of Object.entries(releases) as [OlderVersion, string][]) {
  const differing = olderAnswers(version);
  const own = olderScenarios(version);
  const names = new Set(own.map(({ name }) => name));
  const all = [...own, ...scenarios.filter(({ name }) => !names.has(name))];
  const leftOut = new Set(olderLeftOut.filter(({ versions }) => versions.includes(version)).map(({ name }) => name));
  const counted = { differing: 0, equal: 0 };

  describe(`what real ${release} servers answered, the embedded server answers as ${version}`, () => {
    for (const scenario of all.filter(({ name }) => !leftOut.has(name))) {
      test(scenario.name, async () => {
        const wanted = wantedOf(scenario.name);
        const serverVersion = version;
        const server = await startEmbedded({ mode: scenario.deployment ?? 'single', serverVersion });
        try {
          const asked = server.endpoints.at(scenario.isAskedOfAnother === true ? -1 : 0) as string;
          const answers = await play(asked, scenario);
          expect(answers.length).toBe(wanted.length);
          // Versions print attributes in other orders, which mean nothing.
          const comparison = new Comparison(true, release);
          for (const [index, answer] of answers.entries()) {
            expect(comparison.differences(wanted[index] as CapturedAnswer, answer)).toEqual([]);
          }
          counted[differing.has(scenario.name) ? 'differing' : 'equal'] += answers.length;
        } finally {
          await server.stop();
        }
      });
    }

    test('every captured answer that differs agrees or is left out with a reason', () => {
      const played = new Set(all.map(({ name }) => name));
      const missing = [...differing.keys()].filter((name) => !played.has(name) && !leftOut.has(name));
      expect(missing).toEqual([]);
      const unknown = [...leftOut].filter((name) => !played.has(name) && !differing.has(name) && !isCaptured(name));
      expect(unknown).toEqual([]);
      const differingLeftOut = [...differing].filter(([name]) => leftOut.has(name)).flatMap(([, answers]) => answers);
      const total = [...differing.values()].flat().length;
      expect(counted.differing + differingLeftOut.length).toBe(total);
      console.info(
        `captured answers of ${release}: of ${total} that differ from 3.12.10's ${counted.differing} agree, ` +
          `${differingLeftOut.length} left out; ${counted.equal} of those that do not agree as well`,
      );
    });
  });

  /** Step by step: what differs from 3.12.10, and the rest as there. */
  function wantedOf(name: string): readonly CapturedAnswer[] {
    const steps = captured.filter((answer) => answer.name === name);
    const others = differing.get(name) ?? [];
    if (steps.length === 0) return others;
    return steps.map((step) => others.find((other) => other.step === step.step) ?? step);
  }
}

function isCaptured(name: string): boolean {
  return captured.some((answer) => answer.name === name);
}
