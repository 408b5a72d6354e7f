import {sleep} from '@voicebridge/shared/retry.ts';
import {sid} from '../sid.ts';
import type {ConferenceNoun} from '../twiml/twiml.ts';
import {type CallFlowDeps, type Step, type VerbOf, wait} from './call-flow-deps.ts';
import {goOn, type Next} from './next.ts';
import {waits} from './waiting.ts';

/** `<Dial>`: somebody's telephone rings, or the call enters a conference. */
export async function dialSomebody(
  verb: VerbOf<'Dial'>,
  {url, signal}: Step,
  deps: CallFlowDeps,
): Promise<Next | undefined> {
  const {settings, handedTo, ring} = deps;
  for (const target of verb.targets) handedTo(`Dial: ${target}`);
  const [noun] = verb.nouns;
  if (noun?.conference) return meet(noun.conference, verb, {url, signal}, deps);
  const ringing = noun && ring(noun, verb, url, signal);
  if (ringing) {
    const {status, bridged, talkedMs} = await ringing;
    if (signal.aborted) return undefined;
    return goOn(verb, url, {
      DialCallStatus: status,
      DialCallSid: sid('CA'),
      DialBridged: String(bridged),
      ...(status === 'completed' ? {DialCallDuration: String(Math.round(talkedMs / 1000))} : {}),
    });
  }
  const {status, ms} = settings.dialOutcome;
  await wait(deps, ms, signal);
  return goOn(verb, url, {
    DialCallStatus: status,
    DialCallSid: sid('CA'),
    DialCallDuration: String(Math.round(ms / 1000)),
  });
}

/** The call hears music until the conference begins, and is in it until it is over or the time is. */
async function meet(
  noun: ConferenceNoun,
  verb: VerbOf<'Dial'>,
  {url, signal}: Step,
  deps: CallFlowDeps,
): Promise<Next | undefined> {
  const {conferences, clock, meets} = deps;
  const inside = conferences.enter(noun.name, noun);
  const music = new AbortController();
  const gone = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
  const timeIsUp = sleep(clock, verb.timeLimit, signal);
  const {waitUrl, waitMethod: method} = noun;
  if (waitUrl !== undefined)
    void waits({url: new URL(waitUrl, url).href, method, params: {}, mayLeave: false}, deps, music.signal);
  const began = await Promise.race([inside.began.then(() => true), Promise.race([gone, timeIsUp, inside.over])]);
  music.abort();
  if (began === true) {
    const left = meets(noun.name);
    await Promise.race([inside.over, gone, timeIsUp]);
    left();
  }
  inside.leave();
  if (signal.aborted) return undefined;
  return goOn(verb, url, {DialCallStatus: 'completed'});
}
