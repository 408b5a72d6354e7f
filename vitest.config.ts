import {defineConfig} from 'vitest/config';

const annotations = process.env['GITHUB_ACTIONS'] ? ['github-actions'] : [];

/** Node itself imports the files of assistants, here as in production: so its hooks see them. */
const server = {deps: {external: [/assistant\/src\/load\/import-module\.ts$/]}};

/**
 * End-to-end tests that need all of the machine: many calls at once, which a second file would make late. All others have
 * servers and ports of their own (`npm-start` the default ones), and wait more than they compute.
 */
const alone = ['fifty-calls', 'numbers'].map(name => `**/${name}.e2e.test.ts`);
const e2e = {
  server,
  setupFiles: ['scripts/testing/no-leaks.ts'],
  // Far more than a quiet machine needs: a wait that is in vain says so itself, long before.
  testTimeout: 240_000,
  hookTimeout: 240_000,
  // Each has a fleet of its own, and two processors start no more of them in time.
  maxConcurrency: 3,
};

/**
 * The suffix of a test says what it needs: nothing, a Redis, or the whole system. One kind after the other: a machine
 * that is busy with the rest makes whole calls late.
 */
export default defineConfig({
  test: {
    reporters: ['default', ...annotations, './scripts/testing/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          server,
          setupFiles: ['scripts/testing/no-leaks.ts'],
          sequence: {groupOrder: 0},
          maxWorkers: '100%',
          // Half of the processor time was for loading the same sources again for each file. No test changes a module.
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.{redis,e2e,pg}.test.ts'],
          // Few take a second; on a machine that is busy with others each takes twenty times as long.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'redis',
          server,
          setupFiles: ['scripts/testing/no-leaks.ts'],
          sequence: {groupOrder: 1},
          maxWorkers: 2,
          isolate: false,
          include: ['**/*.{redis,pg}.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['scripts/testing/servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e',
          sequence: {groupOrder: 2},
          include: ['**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**', ...alone],
          // They wait for calls more than they compute.
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-alone',
          sequence: {groupOrder: 3},
          include: alone,
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
        },
      },
    ],
  },
});
