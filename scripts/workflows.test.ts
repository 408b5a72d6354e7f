import {readdirSync, readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';

const FOLDER = '.github/workflows';
const Workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  concurrency: z.object({group: z.string(), 'cancel-in-progress': z.boolean()}),
  jobs: z.record(
    z.string(),
    z.object({
      'runs-on': z.string(),
      'timeout-minutes': z.number(),
      permissions: z.record(z.string(), z.string()).optional(),
      steps: z.array(
        z.object({
          uses: z.string().optional(),
          run: z.string().optional(),
          with: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    }),
  ),
});
const files = readdirSync(FOLDER).filter(file => file.endsWith('.yml'));
const {scripts} = z
  .object({scripts: z.record(z.string(), z.string())})
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

test.each(files)('%s may only read, ends by itself, and runs actions of a known commit', file => {
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
  const workflow = Workflow.parse(parse(text));
  expect(workflow.permissions).toEqual({contents: 'read'});
  for (const job of Object.values(workflow.jobs)) {
    expect(job.permissions ?? {contents: 'read'}).toEqual({contents: 'read'});
    for (const {uses, run, with: settings} of job.steps) {
      expect([uses, run].filter(Boolean)).toHaveLength(1);
      if (uses !== undefined) expect(uses).toMatch(/^[\w./-]+@[0-9a-f]{40}$/);
      if (uses?.startsWith('actions/checkout@')) expect(settings).toMatchObject({'persist-credentials': false});
      // What a stranger may name, such as a branch, reaches a shell only as a variable.
      expect(run ?? '').not.toContain('${{');
      for (const [, name = ''] of (run ?? '').matchAll(/\bnpm run ([\w:-]+)/g)) expect(scripts).toHaveProperty(name);
    }
  }
});
