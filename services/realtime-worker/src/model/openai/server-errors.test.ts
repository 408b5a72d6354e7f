import {expect, test} from 'vitest';
import {EventFields} from './event-fields.ts';
import {detailsOf, fatalCause, refusal, waitOf} from './server-errors.ts';

test('the wait that only the words of a rate limit name is read in every way in which it is written', () => {
  const waits = ['20s', '1.2s', '640ms', '1m30s', '2m0.5s'].map(wait =>
    waitOf(`Limit reached. Please try again in ${wait}.`),
  );
  expect(waits).toEqual([20_000, 1_200, 640, 90_000, 120_500]);
  expect(waitOf('Please try again later.')).toBeUndefined();
});

test('an error after which every session would fail ends the use of the model, and any other one refuses a command', () => {
  const refused = (error: object) => refusal(new EventFields(error));
  expect(refused({code: 'insufficient_quota'})).toMatchObject([{type: 'lost', cause: 'quota'}]);
  expect(refused({code: 'session_expired'})).toMatchObject([{type: 'lost', cause: 'expired'}]);
  expect(refused({code: 'item_truncate_invalid', message: 'no', event_id: 'truncate:i1'})).toEqual([
    {type: 'refused', code: 'item_truncate_invalid', message: 'no', about: 'truncate:i1', holdsMs: undefined},
  ]);
  const shorter = 'Audio content of 1200ms is already shorter than 1400ms';
  expect(refused({message: shorter})).toMatchObject([{type: 'refused', code: 'unknown', holdsMs: 1_200}]);
});

test('a close reason that names an error is as final as the error', () => {
  expect(fatalCause('invalid_request_error.invalid_api_key')).toBe('refused');
  expect(fatalCause('going away')).toBeUndefined();
});

test('why a response failed is read from fields, and from text where a server sends that', () => {
  const details = (status_details: unknown) => detailsOf(new EventFields({status_details}));
  const error = {type: 'server_error', code: 'rate_limit_exceeded', message: 'slow down'};
  expect(details({type: 'failed', error})).toEqual({reason: 'rate_limit_exceeded', message: 'slow down'});
  expect(details({type: 'incomplete', reason: 'content_filter'})).toEqual({
    reason: 'content_filter',
    message: undefined,
  });
  expect(details('content_filter')).toEqual({reason: 'content_filter', message: undefined});
});

test('a code that every object of the language knows is a code like any other', () => {
  for (const code of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
    expect(refusal(new EventFields({code}))).toMatchObject([{type: 'refused', code}]);
});
