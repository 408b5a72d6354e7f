import {expect, test} from 'vitest';
import {readRehearsal} from './call-file.ts';
import {outcomeOf, personAt} from './people.ts';

test('people are found by their number, SIP address, client or queue; whom nobody names takes the caller', () => {
  const people = {
    '+4722000009': 'is busy',
    'sip:desk@example.com': 'declines',
    'client:ann': {answersAfter: 100, presses: '2', talksFor: 0},
    support: 'does not answer',
  } as const;
  expect(
    ['Number: +4722000009', 'Sip: sip:desk@example.com', 'Client: ann', 'Queue: support', 'Number: +4722000008'].map(
      target => personAt(people, target).does,
    ),
  ).toEqual(['be-busy', 'decline', 'answer', 'be-silent', 'answer']);
});

test('a telephone that was answered and not bridged was declined', () => {
  expect(['completed', 'busy', 'no-answer', 'failed'].map(status => outcomeOf({status}))).toEqual([
    'declined',
    'busy',
    'no-answer',
    'failed',
  ]);
  expect(outcomeOf({status: 'completed', bridgedAt: 5})).toBe('accepted');
});

test('a person who does something else is a mistake of the file', () => {
  const read = readRehearsal({caller: [{hangsUp: true}], people: {'+4722000009': 'sleeps'}});
  expect(read.ok ? [] : read.problems).toHaveLength(1);
});
