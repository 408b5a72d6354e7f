import {expect, test} from 'vitest';
import {redactNumbers} from './redact-numbers.ts';

const numbers = {caller: '+15550100001', callee: '+15550100002'};
const key = {NUMBER_HASH_KEY: 'a key that nobody knows'};

test('a record identifies a caller again without holding the number', () => {
  const facts = redactNumbers(numbers, {NUMBERS: 'hashed', ...key});
  expect(facts).toMatchObject({callerLastTwo: '01', calleeLastTwo: '02'});
  expect(facts['callerHash']).toMatch(/^[0-9a-f]{32}$/);
  expect(facts['callerHash']).not.toBe(facts['calleeHash']);
  expect(JSON.stringify(facts)).not.toContain('5550100');
  expect(redactNumbers(numbers, {NUMBERS: 'hashed', ...key})).toEqual(facts);
});

test('numbers are kept only by an operator who asked for it', () => {
  expect(redactNumbers(numbers, {NUMBERS: 'full', ...key})).toMatchObject({callerNumber: numbers.caller});
});

test('without a key a record holds no hash, because numbers could be tried out on it', () => {
  const facts = redactNumbers(numbers, {NUMBERS: 'hashed', NUMBER_HASH_KEY: undefined});
  expect(facts).toEqual({callerLastTwo: '01', calleeLastTwo: '02'});
});

test.each(['+266696687', 'Anonymous', 'sip:anonymous@anonymous.invalid', '', undefined])(
  'a record holds nothing about a caller whose number is withheld (%s)',
  caller => {
    expect(redactNumbers({caller, callee: undefined}, {NUMBERS: 'full', ...key})).toEqual({});
  },
);

test('a caller has the same hash whichever trunk the call comes by', () => {
  const bySip = {...numbers, caller: 'sip:+15550100001@203.0.113.9:5060;transport=tls'};
  expect(redactNumbers(bySip, {NUMBERS: 'full', ...key})).toEqual(redactNumbers(numbers, {NUMBERS: 'full', ...key}));
});

test('a record holds only a hash of a caller who has a name instead of a number', () => {
  const facts = redactNumbers({caller: 'sip:ann@example.com', callee: undefined}, {NUMBERS: 'hashed', ...key});
  expect(Object.keys(facts)).toEqual(['callerHash']);
});
