import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {AUDITED} from './audit.ts';

test('the page of the audit has words for each thing that is written into it', () => {
  const page = readFileSync(new URL('../../dashboard/view-audit.js', import.meta.url), 'utf8');
  const [, actions = ''] = /const ACTIONS = \{([^}]+)\}/.exec(page) ?? [];
  const named = [...actions.matchAll(/^ +'?([\w.-]+)'?:/gm)].map(([, name]) => name);
  expect(named).toEqual([...AUDITED]);
});
