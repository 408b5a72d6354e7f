import {describe, expect, test} from 'vitest';
import {Conversation} from '../conversation/conversation.ts';
import {ModelContext} from '../conversation/model-context.ts';
import {LiveResponse} from './live-response.ts';

const live = () =>
  new LiveResponse(new ModelContext(new Conversation(), {epoch: 1, truncates: true}), {instructions: 'Be brief.'});

describe('a response that the caller waits for', () => {
  test('is known from its first event to its end, and the outcome with it', () => {
    const response = live();
    response.started('r1', {cause: 'turn'});
    response.audio('r1', 'i1', 100);
    response.audible('r1');
    expect(response.current).toEqual({responseId: 'r1', request: {cause: 'turn'}, spoke: true, called: false});
    expect(response.over('r1')).toMatchObject({spoke: true});
    expect(response.current).toBeUndefined();
  });

  test('is not ended by the end of the one before it, which comes late', () => {
    const response = live();
    response.started('r1', undefined);
    response.started('r2', undefined);
    expect(response.over('r1')).toBeUndefined();
    expect(response.current?.responseId).toBe('r2');
  });

  test('ends once, however often the server says so', () => {
    const response = live();
    expect(response.noteEnd('r1')).toBe(true);
    expect(response.noteEnd('r1')).toBe(false);
  });

  test('that is abandoned in mid-sentence can still be continued from what the caller heard', () => {
    const response = live();
    response.started('r1', undefined);
    response.audio('r1', 'i1', 100);
    response.abandon();
    expect(response.isMidItem).toBe(true);
    expect(response.rest('broken-off')).toMatchObject({cause: 'recovery'});
    response.noItemOf('r1');
    expect(response.isMidItem).toBe(false);
  });
});

test('the audio of a cancelled response that comes after the next has begun says nothing about that next one', () => {
  const response = live();
  response.started('r1', undefined);
  response.started('r2', undefined);
  response.audio('r1', 'i1', 100);
  response.audible('r1');
  expect(response.current?.spoke).toBe(false);
  expect(response.hasSpoken('r2')).toBe(false);
});
