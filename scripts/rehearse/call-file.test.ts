import {expect, test} from 'vitest';
import {readRehearsal} from './call-file.ts';

const problemsOf = (written: unknown) => {
  const read = readRehearsal(written);
  return read.ok ? [] : read.problems;
};

test('a file may say no more than what the caller does', () => {
  expect(readRehearsal({caller: [{says: 'Hello'}, {hangsUp: true}]})).toEqual({
    ok: true,
    rehearsal: {
      caller: [{says: 'Hello'}, {hangsUp: true}],
      people: {},
      model: [],
      expects: {tool: {}, result: {}, heard: [], transferred: []},
    },
  });
});

test('what is to be heard is a regular expression between slashes, and otherwise a text in any case', () => {
  const heard = ['/half past \\w+/', 'Is it 5 (five)?', /twelve/];
  const read = readRehearsal({caller: [{presses: 1}], expects: {heard}});
  expect(read).toMatchObject({rehearsal: {expects: {heard: [/half past \w+/, /Is it 5 \(five\)\?/i, /twelve/]}}});
  expect(problemsOf({caller: [{presses: '1'}], expects: {heard: '/(/'}})).toEqual([
    'expects.heard: `/(/` is no regular expression',
  ]);
});

test('a mistake is named with its place', () => {
  expect(problemsOf({caller: [{say: 'Hello'}]})).toContain('caller.0.say: is unknown; did you mean `says`?');
  expect(problemsOf({caller: [{presses: 'x'}]})).toEqual(['caller.0.presses: must be keys: digits, * and #']);
  expect(problemsOf({caller: [{hangsUp: true}], expect: {}})).toEqual(['expect: is unknown; did you mean `expects`?']);
  expect(problemsOf({caller: [{hangsUp: true}], model: [{}]})).toEqual(['model.0: must have says or calls']);
  expect(problemsOf('nothing')).toEqual(['must be an object']);
});
