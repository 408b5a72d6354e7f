import {describe, expect, test} from 'vitest';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';
import {HistogramQuery} from '../queries/histogram.ts';
import {CallsQuery} from '../queries/list-calls.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';

function problemOf(ask: () => unknown): BadQuestion['problem'] | undefined {
  try {
    ask();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BadQuestion) return thrown.problem;
    throw thrown;
  }
}

const from = (text: string) => readRequest(FacetFilter, {from: text}).from?.toISOString();

describe('a time in a request', () => {
  test.each([
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00Z', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00:00.25+05:30', '2026-11-22T04:30:00.250Z'],
    // As a URL has it whose plus was not encoded.
    ['2026-11-22T10:00:00 01:00', '2026-11-22T09:00:00.000Z'],
    ['2024-02-29T23:59:59-08:00', '2024-03-01T07:59:59.000Z'],
    ['1763805600000', '2025-11-22T10:00:00.000Z'],
  ])('%s is read as the same time on every server', (text, moment) => {
    expect(from(text)).toBe(moment);
  });

  test.each([
    ['2026-02-30', 'from must be a day of the calendar'],
    ['2025-02-29T10:00:00Z', 'from must be a day of the calendar'],
    ['2026-13-01', 'from must be a day of the calendar'],
    [
      '2026-11-22T10:00:00',
      'from must say its zone: Z for UTC, as in 2026-11-22T10:00:00Z, or an offset such as +01:00',
    ],
    ['2026-11-22T24:00:00Z', 'from must be a moment such as'],
    ['2026-11-22T10:00:00+25:00', 'from must be a moment such as'],
    ['yesterday', 'from must be a moment such as'],
    ['2026-11-22 and more', 'from must be a moment such as'],
    ['1999-12-31', 'from must be between the years 2000 and 2200'],
  ])('%s is not a time, and is refused with what to write instead', (text, cure) => {
    const problem = problemOf(() => from(text));
    expect(problem).toMatchObject({field: 'from', cure: expect.stringContaining(cure)});
  });
});

describe('a request that cannot be answered is refused in plain words', () => {
  test.each([
    ['limit must be given only once', CallsQuery, {limit: ['1', '2']}],
    ['from must be given only once', FacetFilter, {from: ['2026-11-22', '2026-11-23']}],
    ['step must be given: width of one bin, in the unit of the metric', HistogramQuery, {metric: 'cost'}],
    ['step must be a number above 0', HistogramQuery, {metric: 'cost', step: '-1'}],
    ['endReason must be one of caller.hung-up, ', CallFilter, {endReason: 'bored'}],
    ['endedBy must be one of caller, assistant, operator, platform', CallFilter, {endedBy: 'nobody'}],
    ['assistant must be a string', FacetFilter, {assistant: {a: 1}}],
    ['outcome must not hold control characters', CallFilter, {outcome: 'booked:\u0000'}],
    ['assistant must not be longer than 100 characters', FacetFilter, {assistant: 'a'.repeat(101)}],
    ['from must be before to', FacetFilter, {from: '2026-11-23', to: '2026-11-22'}],
    ['request must be a JSON object', FacetFilter, 'text'],
  ])('%s', (cure, schema, input) => {
    const problem = problemOf(() => readRequest(schema, input));
    expect(problem?.cure).toContain(cure);
    expect(JSON.stringify(problem)).not.toMatch(/Invalid|expected|received/);
  });

  test('a time range of no length is accepted, and has an empty answer', () => {
    expect(problemOf(() => readRequest(FacetFilter, {from: '2026-11-22', to: '2026-11-22'}))).toBeUndefined();
  });
});
