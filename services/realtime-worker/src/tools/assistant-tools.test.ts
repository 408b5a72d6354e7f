import {expect, test} from 'vitest';
import {ScriptedLookUp, openingHours} from '../testing/tools.ts';
import {assistantTools} from './assistant-tools.ts';
import {hangUp} from './hang-up.ts';
import {parseArguments} from './tool.ts';

test('the assistant’s tools have names that the model accepts, each of them once', () => {
  const names = assistantTools.map(({name}) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
});

test('a tool gets the object that the model wrote, and nothing that is no object', () => {
  const lookUp = new ScriptedLookUp();
  expect(parseArguments(lookUp, '{"city":"Bern"}')).toEqual({city: 'Bern'});
  expect(parseArguments(lookUp, '')).toEqual({});
  for (const text of ['{"city":', '[]', 'null', '"Bern"', '7'])
    expect(parseArguments(openingHours, text)).toBeUndefined();
});

test('arguments that would keep other calls waiting, or that nothing could walk through, are no arguments', () => {
  const lookUp = new ScriptedLookUp();
  const deep = `{"city":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
  const manyParts = `{"city":[${'{},'.repeat(20_000)}{}]}`;
  const long = `{"city":"${'x'.repeat(70_000)}"}`;
  for (const text of [deep, manyParts, long]) expect(parseArguments(lookUp, text)).toBeUndefined();
  const list = JSON.stringify({city: Array.from({length: 2_000}, (_, n) => ({n}))});
  expect(parseArguments(lookUp, list)).toEqual(JSON.parse(list));
});

test('a tool without parameters runs whatever the model writes as its arguments', () => {
  for (const text of ['', '{}', '{"reason":"done"}', 'not JSON']) expect(parseArguments(hangUp, text)).toEqual({});
});
