import fc from 'fast-check';
import {expect, test} from 'vitest';
import {Notes} from './notes.ts';
import {OutcomeFields, outcomeMistake, outcomeSchema, partNotes} from './outcome.ts';

const fields = OutcomeFields.parse({
  booked: {type: 'boolean', about: 'whether a table was booked'},
  guests: {type: 'number'},
  reason: {type: 'choice', of: ['price', 'time']},
  wish: {type: 'text'},
});

test('a model is told the fields of an outcome as JSON Schema', () => {
  expect(outcomeSchema(fields).properties).toEqual({
    booked: {type: 'boolean', description: 'whether a table was booked'},
    guests: {type: 'number'},
    reason: {type: 'string', enum: ['price', 'time']},
    wish: {type: 'string', maxLength: 500},
  });
});

test.each([
  ['booked', 'yes', 'booked must be true or false'],
  ['guests', Number.NaN, 'guests must be a number'],
  ['reason', 'weather', 'reason must be one of price, time'],
  ['wish', 'x'.repeat(501), 'wish has 500 characters at most'],
  ['reason', 'time', undefined],
])('a model that says %s: %s is told what is wrong', (name, value, told) => {
  expect(outcomeMistake(name, fields[name]!, value)).toBe(told);
});

test('an analyst counts what can be counted; free text stays with the words of the call', () => {
  const noted = {booked: true, guests: 4, reason: 'time', wish: 'a quiet corner', name: 'Ada'};
  expect(partNotes(noted, fields)).toEqual({
    outcome: {booked: true, guests: 4, reason: 'time'},
    notes: {wish: 'a quiet corner', name: 'Ada'},
  });
});

test('nothing that was noted is lost or invented, whatever it is', () => {
  const value = fc.oneof(fc.string({maxLength: 500}), fc.double({noNaN: true, noDefaultInfinity: true}), fc.boolean());
  const name = fc.oneof(
    fc.constantFrom(...Object.keys(fields), 'constructor', 'toString'),
    fc.stringMatching(/^[a-z]\w{0,9}$/),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value, {maxKeys: 40, noNullPrototype: true}), noted => {
      const {outcome, notes} = partNotes(noted, fields);
      expect({...notes, ...outcome}).toEqual(noted);
      for (const [key, one] of Object.entries(outcome)) expect(outcomeMistake(key, fields[key]!, one)).toBeUndefined();
      expect(Notes.safeParse(outcome).success).toBe(true);
    }),
  );
});
