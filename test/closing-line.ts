import type { Reporter, TestModule, TestResult } from 'vitest/node';

/** Ends a run with one line that people and scripts can read, and before it each test that was skipped, with its reason. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: TestResult['state']) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    for (const test of tests) {
      const result = test.result();
      if (result.state === 'skipped') console.log(`skipped: ${test.fullName}${result.note ? `: ${result.note}` : ''}`);
    }
    // A file that could not be loaded holds no test that could fail.
    console.log(`${count('passed')} passed, ${count('failed') + broken} failed, ${count('skipped')} skipped`);
  }
}
