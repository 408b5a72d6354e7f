import type {Reporter, TestModule} from 'vitest/node';

/** Ends a test run with one plain line, `N passed, N failed`, for people and scripts. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    process.stdout.write(`\n${summary(modules, unhandled.length)}\n`);
  }
}

/** A file that cannot be loaded and an uncaught error count as one failure each. */
function summary(modules: readonly TestModule[], unhandled: number): string {
  const count = {passed: 0, failed: unhandled, skipped: 0};
  for (const module of modules) {
    const tests = [...module.children.allTests()];
    for (const {result} of tests.map(test => ({result: test.result().state}))) {
      if (result === 'passed' || result === 'failed' || result === 'skipped') count[result] += 1;
    }
    if (module.state() === 'failed' && !tests.some(test => test.result().state === 'failed')) count.failed += 1;
  }
  return `${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`;
}
