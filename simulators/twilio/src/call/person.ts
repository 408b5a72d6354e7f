import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallFacts} from './call-facts.ts';
import type {CallWebhooks} from './call-webhooks.ts';
import {type Document, documentOf} from './document.ts';
import type {Noun, Verb} from '../twiml/twiml.ts';

/** What a person does whose telephone a call rings. The times are from the moment before. */
export type Person =
  /** Answers, listens to what is said first, presses a key, and talks with the caller. */
  | {
      readonly does: 'answer';
      readonly after: Millis;
      /** The key that is pressed while something asks for one; none, if not given: a voice mailbox. */
      readonly key?: string;
      readonly keyAfter?: Millis;
      readonly talks: Millis;
    }
  /** Answers, listens for so long, and hangs up without a key. */
  | {readonly does: 'decline'; readonly after: Millis; readonly listens: Millis}
  | {readonly does: 'be-busy'; readonly after: Millis}
  /** Does not answer. */
  | {readonly does: 'be-silent'}
  /** The network cannot reach them. */
  | {readonly does: 'fail'; readonly after: Millis};

/** How the call to a person ended, in Twilio's words. */
export interface PersonEnd {
  readonly status: 'completed' | 'busy' | 'no-answer' | 'failed';
  readonly bridged: boolean;
  readonly talkedMs: Millis;
}

export interface RingOptions {
  readonly noun: Noun;
  /** How long it rings. */
  readonly timeout: Millis;
  readonly timeLimit: Millis;
  /** The document that has the noun: its relative URLs begin there. */
  readonly documentUrl: string;
  readonly person: Person;
  readonly child: CallFacts;
  readonly parentCallSid: string;
  readonly webhooks: CallWebhooks;
  readonly clock: Clock;
  readonly sayMsPerChar: number;
  readonly heard: (text: string) => void;
  readonly bridged: () => void;
  readonly alert: (code: number, detail: string) => void;
  /** The caller is gone, or something else has interrupted. */
  readonly signal: AbortSignal;
}

/** A document that a person hears may not have so many steps. */
const STEPS_AT_MOST = 20;

/** Rings a person, plays what they hear before they are connected, and lets them talk with the caller. */
export async function ringPerson(options: RingOptions): Promise<PersonEnd> {
  const {person, timeout, timeLimit, clock, signal, child, bridged} = options;
  const wait = (ms: Millis) => sleep(clock, ms, signal);
  const ended = (status: PersonEnd['status'], end: Partial<PersonEnd> = {}) => {
    child.status = status;
    return {status, bridged: false, talkedMs: 0, ...end};
  };
  if (person.does === 'be-silent') {
    await wait(timeout);
    return ended('no-answer');
  }
  if (person.after > timeout) {
    await wait(timeout);
    return ended('no-answer');
  }
  await wait(person.after);
  if (person.does === 'be-busy' || person.does === 'fail') return ended(person.does === 'be-busy' ? 'busy' : 'failed');
  child.status = 'in-progress';
  const {noun, documentUrl} = options;
  if (person.does === 'decline') {
    if (noun.url !== undefined) {
      const {problems, verbs} = await ask(new URL(noun.url, documentUrl).href, noun.method, {}, options);
      for (const {code, detail} of problems) options.alert(code, detail);
      for (const text of verbs.flatMap(saidIn)) options.heard(text);
    }
    await wait(person.listens);
    return ended('completed');
  }
  if (noun.url !== undefined) {
    const method = noun.method;
    const first = await ask(new URL(noun.url, documentUrl).href, method, {}, options);
    if (!(await listens(first, person, options)) || signal.aborted) return ended('completed');
  }
  if (signal.aborted) return ended('completed');
  bridged();
  const talkedMs = Math.min(person.talks, timeLimit);
  await wait(talkedMs);
  return ended('completed', {bridged: true, talkedMs});
}

/** What a verb says at once. */
function saidIn(verb: Verb): readonly string[] {
  if (verb.verb === 'Say') return [verb.text];
  return verb.verb === 'Gather' ? verb.says : [];
}

/** Whether the person is still there when the document has ended. */
async function listens(
  first: Document,
  person: Extract<Person, {does: 'answer'}>,
  options: RingOptions,
): Promise<boolean> {
  const {clock, signal, alert, heard, sayMsPerChar} = options;
  let document = first;
  for (let steps = 0; steps < STEPS_AT_MOST; steps += 1) {
    for (const {code, detail} of document.problems) alert(code, detail);
    if (document.failed) return false;
    let next: Document | undefined;
    for (const verb of document.verbs) {
      if (signal.aborted) return false;
      if (verb.verb === 'Say') {
        heard(verb.text);
        await sleep(clock, verb.text.length * sayMsPerChar, signal);
      } else if (verb.verb === 'Pause') await sleep(clock, verb.ms, signal);
      else if (verb.verb === 'Hangup') return false;
      else if (verb.verb === 'Gather') next = await gathers(verb, document.url, person, options);
      else alert(12200, `${verb.verb} is not allowed in what a dialled person hears`);
      if (next) break;
    }
    if (!next) return true;
    document = next;
  }
  alert(12200, 'what a dialled person hears does not end');
  return false;
}

/** Undefined: no key came in time, and the document goes on. */
async function gathers(
  verb: Extract<Verb, {verb: 'Gather'}>,
  url: string,
  {key, keyAfter = 0}: Extract<Person, {does: 'answer'}>,
  options: RingOptions,
): Promise<Document | undefined> {
  const {clock, signal, heard, sayMsPerChar} = options;
  const spokenMs = verb.says.reduce((sum, text) => sum + text.length * sayMsPerChar, 0);
  for (const text of verb.says) heard(text);
  const awaited = spokenMs + verb.timeout;
  if (key === undefined || keyAfter > awaited) {
    await sleep(clock, awaited, signal);
    return undefined;
  }
  await sleep(clock, keyAfter, signal);
  if (signal.aborted) return undefined;
  const action = new URL(verb.action ?? url, url).href;
  return await ask(action, verb.method, {Digits: key, FinishedOnKey: ''}, options);
}

async function ask(
  url: string,
  method: 'GET' | 'POST',
  params: Readonly<Record<string, string>>,
  {webhooks, parentCallSid}: RingOptions,
): Promise<Document> {
  const asked = {url, method, params: {ParentCallSid: parentCallSid, ...params}};
  return documentOf(await webhooks.ask('whisper', asked));
}
