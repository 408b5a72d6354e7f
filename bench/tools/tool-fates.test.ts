import {expect, test} from 'vitest';
import {toolFates} from './tool-fates.ts';
import type {Seen} from './witness.ts';

const asked = (method: string, times: number): Seen => ({
  callSid: 'CA1',
  method,
  spans: Array.from({length: times}, () => ({from: 0, to: 1})),
});
const told = (callId: string, text = `{"key":"CA1:${callId}"}`) => ({callId, text});

test('a POST that the server was asked for twice is doubled; a GET is only repeated', () => {
  const seen = new Map([
    ['c1', asked('POST', 2)],
    ['c2', asked('GET', 2)],
  ]);
  const fates = toolFates([{calls: ['c1', 'c2'], results: [told('c1'), told('c2')], isBrokenOff: false}], seen);
  expect(fates).toMatchObject({calls: 2, once: 1, doubled: 1, repeatable: 1, repeated: 1, told: 2, toldTwice: 0});
});

test('a call without a word to any session is lost, whether or not its tool ran', () => {
  const seen = new Map([['c1', asked('POST', 1)]]);
  expect(toolFates([{calls: ['c1', 'c2'], results: [], isBrokenOff: false}], seen)).toMatchObject({calls: 2, lost: 2});
});

test('a call that ran as we ended its phone call is over: nobody is left to be told', () => {
  const seen = new Map([['c1', asked('POST', 1)]]);
  const session = {calls: ['c1'], results: [], isBrokenOff: true};
  expect(toolFates([session], seen, new Set(['CA1']))).toMatchObject({over: 1, lost: 0});
  expect(toolFates([session], seen, new Set(['CA2']))).toMatchObject({over: 0, lost: 1, lostIds: ['CA1 c1']});
});

test('the next session is given the same result; a second one in a session, or another one, is told twice', () => {
  const seen = new Map([['c1', asked('POST', 1)]]);
  const session = {calls: ['c1'], results: [told('c1')], isBrokenOff: false};
  expect(toolFates([session, session], seen)).toMatchObject({told: 1, toldTwice: 0});
  expect(toolFates([{...session, results: [told('c1'), told('c1')]}], seen).toldTwice).toBe(1);
  const other = {...session, results: [told('c1', 'It is not known whether order succeeded.')]};
  expect(toolFates([session, other], seen).toldTwice).toBe(1);
});

test('the result of another call is no result', () => {
  const seen = new Map([['c1', asked('POST', 1)]]);
  expect(toolFates([{calls: ['c1'], results: [told('c1', '{"key":"CA1:c9"}')], isBrokenOff: false}], seen).failed).toBe(
    1,
  );
});

test('a call that nothing is known of outside a session that broke off never began; one that ran is lost', () => {
  const session = {calls: ['c1', 'c2'], results: [], isBrokenOff: true};
  const fates = toolFates([session], new Map([['c2', asked('POST', 1)]]));
  expect(fates).toMatchObject({unbegun: 1, lost: 1});
});
