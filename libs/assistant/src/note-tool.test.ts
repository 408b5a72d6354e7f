import {Notes} from '@voicebridge/shared/cdr/notes.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {note, noteMistake, noteParameters} from './note-tool.ts';
import {storedTool} from './stored-tool.ts';
import {ToolSchema} from './tool.ts';

const fields = {
  name: {type: 'string', about: 'whom to call back'},
  guests: {type: 'number'},
  vegetarian: {type: 'boolean'},
} as const;
const booking = note({fields});

test('the model is told which facts there are, and what belongs there', () => {
  expect(noteParameters(booking)).toEqual({
    type: 'object',
    properties: {
      name: {type: 'string', description: 'whom to call back', maxLength: 500},
      guests: {type: 'number'},
      vegetarian: {type: 'boolean'},
    },
    additionalProperties: false,
  });
});

test('a tool that notes facts needs no code: it is the same when it comes back from Redis', () => {
  expect(storedTool(ToolSchema.parse(booking))).toEqual(booking);
});

test('a file with no field, too many, or a name that is none is refused', () => {
  const many = Object.fromEntries(Array.from({length: 21}, (_, at) => [`f${at}`, {type: 'string'}]));
  for (const wrong of [{}, many, {'a b': {type: 'string'}}, {name: {type: 'date'}}])
    expect(ToolSchema.safeParse({...booking, fields: wrong}).success).toBe(false);
});

test.each([
  [{}, 'give one of name, guests, vegetarian'],
  [{age: 4}, 'there is no field age'],
  [{toString: 'x'}, 'there is no field toString'],
  [{guests: 'four'}, 'guests must be a number'],
  [JSON.parse('{"guests":1e999}'), 'guests must be a number'],
  [{vegetarian: null}, 'vegetarian must be a boolean'],
  [{name: 'x'.repeat(501)}, 'name has 500 characters at most'],
])('wrong facts are told with their place: %j', (facts, told) => {
  expect(noteMistake(booking, facts)).toBe(told);
});

test('whatever a model writes, what is noted is something that the record takes', () => {
  const anything = fc.dictionary(fc.constantFrom('name', 'guests', 'vegetarian', '__proto__', 'x'), fc.jsonValue());
  const likely = fc.record(
    {name: fc.string({maxLength: 600}), guests: fc.double(), vegetarian: fc.boolean()},
    {requiredKeys: []},
  );
  fc.assert(
    fc.property(fc.oneof(anything, likely), facts => {
      if (noteMistake(booking, facts) === undefined) expect(Notes.safeParse(facts).success).toBe(true);
    }),
  );
});
