import {defineConfig} from 'vitest/config';

const annotations = process.env['GITHUB_ACTIONS'] ? ['github-actions'] : [];

/** Node itself imports the files of assistants, here as in production: so its hooks see them. */
const server = {deps: {external: [/assistant\/src\/load\/import-module\.ts$/]}};

/**
 * End-to-end tests that need all of the machine: many calls at once, deadlines of processes, the default ports. Or the whole
 * of the Redis that they share: of two at a time, a worker of the one might take the calls of the other.
 */
const alone = [
  'assistants',
  'browser-phone',
  'cluster-faults',
  'commands',
  'demo',
  'deploys',
  'fifty-calls',
  'npm-start',
  'numbers',
  'odd-phones',
  'rehearse',
  'rolling-upgrade',
  'sick-workers',
  'tools-of-assistants',
  'transfers',
].map(name => `**/${name}.e2e.test.ts`);
const e2e = {
  server,
  setupFiles: ['scripts/testing/no-leaks.ts'],
  globalSetup: ['scripts/testing/servers.ts'],
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
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.{redis,e2e,pg}.test.ts'],
          // None takes a second; some talk over real sockets, on a machine that may be busy with others.
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'redis',
          server,
          setupFiles: ['scripts/testing/no-leaks.ts'],
          sequence: {groupOrder: 1},
          maxWorkers: 2,
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
