import {describe, expect, test} from 'vitest';
import {ResponseSequencer} from './response-sequencer.ts';

const greeting = {cause: 'greeting', instructions: 'say hello'} as const;

describe('one reply at a time', () => {
  test('what is wanted is asked for at once when nobody speaks', () => {
    const sequencer = new ResponseSequencer();
    expect(sequencer.want(greeting, 0)).toEqual({tag: 'greeting-1', request: greeting});
  });

  test('a second one waits for the first to end, not to begin', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want(greeting, 0);
    expect(sequencer.want({cause: 'digits', after: ['n1']}, 10)).toBeUndefined();
    sequencer.created('r1', 'greeting-1');
    sequencer.itemAdded('n1');
    expect(sequencer.want({cause: 'idle'}, 20)).toBeUndefined();
    expect(sequencer.done('r1', 30)?.tag).toBe('digits-2');
    sequencer.created('r2', 'digits-2');
    expect(sequencer.done('r2', 40)).toBeUndefined();
  });

  test('two tool results that wait are answered once, after both', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.want({cause: 'tool', after: ['a']}, 0);
    sequencer.want({cause: 'tool', after: ['b']}, 0);
    expect(sequencer.done('r1', 10)?.request).toEqual({cause: 'tool', after: ['a', 'b']});
    sequencer.created('r2', 'tool-1');
    expect(sequencer.done('r2', 20)).toBeUndefined();
  });

  test('a tool result that the caller’s turn has covered needs no reply of its own', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.want({cause: 'tool', after: ['a']}, 0);
    sequencer.itemAdded('a');
    sequencer.created('r2', undefined); // the server answers the caller by itself
    expect(sequencer.done('r2', 10)).toBeUndefined();
  });

  test('a tool result that came too late for the running reply gets its own', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.want({cause: 'tool', after: ['a']}, 0);
    sequencer.created('r2', undefined);
    sequencer.itemAdded('a');
    expect(sequencer.done('r2', 10)?.tag).toBe('tool-1');
  });

  test('a turn that the caller goes on with is waited for from its new end on', () => {
    const sequencer = new ResponseSequencer();
    sequencer.turnCommitted(0);
    sequencer.callerSpoke();
    expect(sequencer.deadline).toBeUndefined();
    sequencer.turnCommitted(3_000);
    expect(sequencer.deadline).toBe(4_500);
  });

  test('so is one that was committed while the assistant spoke', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.turnCommitted(0);
    sequencer.callerSpoke();
    sequencer.done('r1', 100);
    expect(sequencer.deadline).toBeUndefined();
    sequencer.turnCommitted(3_000);
    expect(sequencer.deadline).toBe(4_500);
  });

  test('a refused request is made again when the other reply is over', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want({cause: 'digits', after: ['n1']}, 0);
    sequencer.refused('digits-1');
    expect(sequencer.busy).toBe(true);
    expect(sequencer.done('r-unseen', 10)?.tag).toBe('digits-2');
  });

  test('the end of an older reply does not free the place of a newer one', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.created('r2', undefined); // r1 was cancelled, and says so late
    sequencer.want({cause: 'digits', after: ['n1']}, 0);
    expect(sequencer.done('r1', 10)).toBeUndefined();
    expect(sequencer.done('r1', 11)).toBeUndefined();
    expect(sequencer.done('r2', 12)?.tag).toBe('digits-1');
  });

  test('a greeting that comes after we gave it up is not asked for twice', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want(greeting, 0);
    expect(sequencer.time(5_000)?.tag).toBe('greeting-2');
    expect(sequencer.created('r1', 'greeting-1')).toBe(greeting);
    expect(sequencer.done('r1', 6_000)).toBeUndefined();
    expect(sequencer.busy).toBe(false);
  });

  test('a greeting that comes after we gave it up, and after another reply, is not asked for again', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want(greeting, 0);
    sequencer.time(5_000);
    sequencer.created('r1', undefined); // somebody else's; ours waits
    expect(sequencer.created('r2', 'greeting-1')).toBe(greeting);
    expect(sequencer.done('r2', 6_000)).toBeUndefined();
  });

  test('a greeting waits for nobody to stop speaking; everything else does', () => {
    const sequencer = new ResponseSequencer();
    sequencer.callerSpoke();
    expect(sequencer.want({cause: 'tool', after: ['a']}, 0)).toBeUndefined();
    expect(sequencer.want(greeting, 0)?.tag).toBe('greeting-1');
    sequencer.created('r1', 'greeting-1');
    expect(sequencer.done('r1', 10)).toBeUndefined();
    expect(sequencer.listened(20)?.tag).toBe('tool-2');
  });
});

describe('a turn that the server answers by itself', () => {
  test('keeps the place for its reply', () => {
    const sequencer = new ResponseSequencer();
    sequencer.turnCommitted(0);
    expect(sequencer.want({cause: 'digits', after: ['n1']}, 5)).toBeUndefined();
    expect(sequencer.created('r1', undefined)).toBeUndefined();
    expect(sequencer.done('r1', 10)?.tag).toBe('digits-1');
  });

  test('is asked for by us when no reply comes: a caller never waits in silence', () => {
    const sequencer = new ResponseSequencer();
    sequencer.turnCommitted(0);
    expect(sequencer.deadline).toBe(1_500);
    expect(sequencer.time(1_499)).toBeUndefined();
    expect(sequencer.time(1_500)?.request).toEqual({cause: 'turn'});
  });

  test('that ended while a reply was in progress is asked for when that is over', () => {
    const sequencer = new ResponseSequencer();
    sequencer.created('r1', undefined);
    sequencer.turnCommitted(0); // refused by the server: one reply at a time
    expect(sequencer.done('r1', 100)).toBeUndefined();
    expect(sequencer.time(1_600)?.request).toEqual({cause: 'turn'});
  });

  test('is not asked for while the caller has gone on speaking', () => {
    const sequencer = new ResponseSequencer();
    sequencer.turnCommitted(0);
    sequencer.callerSpoke();
    expect(sequencer.time(2_000)).toBeUndefined();
    expect(sequencer.deadline).toBeUndefined();
  });
});

describe('another session', () => {
  test('is asked for what the last one did not say a word of', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want(greeting, 0);
    sequencer.created('r1', 'greeting-1');
    expect(sequencer.reset(10, false)).toEqual({tag: 'greeting-2', request: greeting});
  });

  test('is not asked again for what was already being said', () => {
    const sequencer = new ResponseSequencer();
    sequencer.want(greeting, 0);
    sequencer.created('r1', 'greeting-1');
    expect(sequencer.reset(10, true)).toBeUndefined();
    expect(sequencer.busy).toBe(false);
  });
});
