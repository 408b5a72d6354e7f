import {expect, test} from 'vitest';
import {LeadIn, type Piece} from './lead-in.ts';

const piece = (responseId: string, number: number): Piece => ({responseId, itemId: 'i1', payload: String(number)});
const silent = {isAudible: false, hasSpoken: false};
const audible = {isAudible: true, hasSpoken: false};
const pause = {isAudible: false, hasSpoken: true};

test('digital silence before an answer is not played until the answer is audible, and then the answer is played whole', () => {
  const leadIn = new LeadIn();
  expect(leadIn.pass(piece('r1', 1), silent)).toEqual([]);
  expect(leadIn.pass(piece('r1', 2), silent)).toEqual([]);
  expect(leadIn.pass(piece('r1', 3), audible)).toEqual([piece('r1', 1), piece('r1', 2), piece('r1', 3)]);
  // A pause in a sentence is part of it.
  expect(leadIn.pass(piece('r1', 4), pause)).toEqual([piece('r1', 4)]);
});

test('digital silence at the start of one answer is dropped when another answer begins', () => {
  const leadIn = new LeadIn();
  leadIn.pass(piece('r1', 1), silent);
  expect(leadIn.pass(piece('r2', 2), audible)).toEqual([piece('r2', 2)]);
});
