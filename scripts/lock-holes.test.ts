import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {holesIn} from './lock-holes.ts';

const whole = {version: '1.0.0', integrity: 'sha512-x', license: 'MIT'};
const holes = (packages: Record<string, object>) => holesIn({packages});

test('every package of ours has the hash of its contents, an allowed licence, and its binaries for all platforms', () => {
  expect(holesIn(JSON.parse(readFileSync('package-lock.json', 'utf8')))).toEqual([]);
});

test('a package that could be replaced on its way is a hole', () => {
  expect(holes({'node_modules/a': {...whole, integrity: undefined}})).toEqual([
    'node_modules/a has no hash of its contents',
  ]);
});

test('a licence that binds what we deliver is a hole; one that binds only changes of a tool is none', () => {
  expect(holes({'node_modules/a': {...whole, license: 'AGPL-3.0'}})).toEqual([
    'node_modules/a has the licence AGPL-3.0',
  ]);
  expect(holes({'node_modules/a': {...whole, license: undefined}})).toEqual(['node_modules/a has the licence none']);
  expect(holes({'node_modules/a': {...whole, license: 'MPL-2.0'}})).toHaveLength(1);
  expect(holes({'node_modules/a': {...whole, license: 'MPL-2.0', dev: true}})).toEqual([]);
  expect(holes({'node_modules/a': {...whole, license: '(GPL-3.0 OR MIT)'}})).toEqual([]);
});

test('a binary of another platform that is not in the lock is a hole', () => {
  const packages = {'node_modules/a': {...whole, optionalDependencies: {'a-darwin': '1.0.0'}}};
  expect(holes(packages)).toEqual(['a-darwin is missing, which node_modules/a may need']);
  expect(holes({...packages, 'node_modules/a-darwin': whole})).toEqual([]);
});
