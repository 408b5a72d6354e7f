import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {z} from 'zod';

const Levels = z.record(z.string(), z.array(z.array(z.string())));
const Lint = z.object({rules: z.object({'rooms/levels': z.tuple([z.literal('error'), Levels])})});

test('a newcomer reads in ARCHITECTURE.md the levels that the linter enforces', () => {
  const {rules} = Lint.parse(JSON.parse(readFileSync('.oxlintrc.json', 'utf8')));
  const [, levels] = rules['rooms/levels'];
  const page = readFileSync('docs/ARCHITECTURE.md', 'utf8').split('## Levels')[1] ?? '';
  const [, block = ''] = page.split('```');
  const told = block
    .replaceAll(/\n +/g, ' ')
    .trim()
    .split('\n')
    .map(line => {
      const [folder = '', ...rooms] = line.split(/ +/);
      return [folder, rooms.join(' ')];
    });
  const enforced = Object.entries(levels)
    .filter(([folder]) => !folder.startsWith('simulators/'))
    .map(([folder, floors]) => [
      folder.replace(/^services\/|\/src$/g, ''),
      floors
        .map(rooms => rooms.join(' '))
        .filter(rooms => rooms !== 'testing' && rooms !== '.')
        .join(' → '),
    ]);
  expect(told).toEqual(enforced.map(([folder, rooms]) => [folder?.replace('/src', ''), rooms]));
});
