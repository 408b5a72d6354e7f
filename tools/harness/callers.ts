import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport, FakeCallEvent} from '../../simulators/twilio/src/report/call-report.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {aboutCall, tellStory} from '../../scripts/story/tell-story.ts';
import {saidByAll} from '../local-stack/processes.ts';

/** Longer than anything that a test waits for takes on a busy machine. */
const PATIENCE: Millis = 60_000;

/** The stories of how many callers are told when a test waits in vain. */
const STORIES = 2;

/** What a test must see of a caller in order to wait for them. */
type Caller = Pick<FakeCall, 'on' | 'ended' | 'callSid' | 'status' | 'hearsAssistant'>;

/**
 * Resolves when each caller has said something from now on. Rejects, and says which caller it waits for, when a call ends
 * before, or after `withinMs`.
 */
export async function haveSpoken(callers: readonly Caller[], withinMs: Millis = PATIENCE): Promise<void> {
  await each(callers, 'to speak', withinMs, caller => next(caller, 'callerSpoke'));
}

/** The same for callers who begin to hear the assistant from now on. */
export async function haveHeard(callers: readonly Caller[], withinMs: Millis = PATIENCE): Promise<void> {
  await each(callers, 'to hear the assistant', withinMs, caller => next(caller, 'audible'));
}

/** The same for callers who say something from now on, and then begin to hear the assistant: each at their own time. */
export async function haveBeenAnswered(callers: readonly Caller[], withinMs: Millis = PATIENCE): Promise<void> {
  await each(callers, 'to be answered', withinMs, async caller => {
    let hasSpoken = false;
    await happens(caller, ({type}) => {
      hasSpoken ||= type === 'callerSpoke';
      return hasSpoken && type === 'audible';
    });
  });
}

/** The reports of calls that are about to end. Rejects, and says which call goes on, after `withinMs`. */
export function haveEnded(callers: readonly Caller[], withinMs: Millis = PATIENCE): Promise<CallReport[]> {
  return each(callers, 'to hang up', withinMs, caller => caller.ended);
}

function next(caller: Caller, what: FakeCallEvent['type']): Promise<void> {
  return happens(caller, ({type}) => type === what);
}

async function happens(caller: Caller, isIt: (event: FakeCallEvent) => boolean): Promise<void> {
  const happened = new Promise<void>(resolve => caller.on(event => isIt(event) && resolve()));
  const ended = caller.ended.then(({endedBy, reason}) => {
    throw new Error(`the call was ended by the ${endedBy} (${reason})`);
  });
  return Promise.race([happened, ended]);
}

/** What the processes of the test said about this call. */
export function storyOf(callSid: string): string[] {
  const told = saidByAll().flatMap(text => aboutCall(text, callSid) ?? []);
  return told.length > 0 ? tellStory(told) : [`no process has said anything about ${callSid}`];
}

async function each<Result>(
  callers: readonly Caller[],
  what: string,
  withinMs: Millis,
  wait: (caller: Caller) => Promise<Result>,
): Promise<Result[]> {
  const over = Promise.withResolvers<never>();
  const waiting = new Map(callers.map((caller, index) => [caller, `caller ${index}`]));
  const timer = setTimeout(() => {
    const who = [...waiting].map(
      ([{callSid, status, hearsAssistant}, name]) =>
        `${name} (${callSid}, ${status}, ${hearsAssistant ? 'hears' : 'does not hear'} the assistant)`,
    );
    const stories = [...waiting.keys()].slice(0, STORIES).flatMap(({callSid}) => storyOf(callSid));
    const said = [`waited ${withinMs / 1_000} s in vain for ${who.join(' and ')} ${what}`, ...stories];
    over.reject(new Error(said.join('\n')));
  }, withinMs);
  const all = callers.map(async caller => {
    const result = await wait(caller).catch((thrown: unknown) => {
      throw new Error(`waited in vain for ${waiting.get(caller)} (${caller.callSid}) ${what}`, {cause: thrown});
    });
    waiting.delete(caller);
    return result;
  });
  return await Promise.race([Promise.all(all), over.promise]).finally(() => clearTimeout(timer));
}
