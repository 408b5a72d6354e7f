import type {Millis} from '@voicebridge/shared/time.ts';
import {BadXml, type XmlElement, readXml} from './xml-tree.ts';
import {type Method, type Problem, type StreamNoun, readStream} from './stream-noun.ts';

/** Where a verb goes on, if it says so. */
interface Continuation {
  readonly action?: string;
  readonly method: Method;
}

/** One instruction of a TwiML document that this simulator obeys. */
export type Verb =
  | {readonly verb: 'Say'; readonly text: string; readonly loop: number}
  | {readonly verb: 'Play'; readonly url: string; readonly digits?: string}
  | {readonly verb: 'Pause'; readonly ms: Millis}
  | ({readonly verb: 'Connect'; readonly stream: StreamNoun} & Continuation)
  | {readonly verb: 'Redirect'; readonly url: string; readonly method: Method}
  | {readonly verb: 'Hangup'}
  | {readonly verb: 'Reject'; readonly reason: string}
  | ({
      readonly verb: 'Dial';
      readonly targets: readonly string[];
      readonly nouns: readonly Noun[];
      readonly timeout: Millis;
      readonly timeLimit: Millis;
    } & Continuation)
  | ({readonly verb: 'Enqueue'; readonly queue: string; readonly waitUrl?: string} & Continuation)
  | ({readonly verb: 'Gather'; readonly timeout: Millis; readonly says: readonly string[]} & Continuation)
  | ({readonly verb: 'Refer'; readonly target: string} & Continuation)
  | ({readonly verb: 'Record'} & Continuation)
  | {readonly verb: 'Leave'};

/** Whom a Dial rings. `url`: what they hear first. */
export interface Noun {
  /** As `Number: +47…`. */
  readonly target: string;
  readonly url?: string;
  readonly method: Method;
  /** For a `Conference: name`. */
  readonly conference?: ConferenceNoun;
}

/** How a call takes part in a conference. */
export interface ConferenceNoun {
  readonly name: string;
  readonly starts: boolean;
  readonly ends: boolean;
  /** What is heard until it begins. */
  readonly waitUrl?: string;
  readonly waitMethod: Method;
}

/** A document: what to do, and what Twilio's debugger would say about it. A fatal problem leaves nothing to do. */
export interface Twiml {
  readonly verbs: readonly Verb[];
  readonly problems: readonly Problem[];
  readonly fatal: boolean;
}

/** A document longer than this is refused. */
const LONGEST_DOCUMENT = 64 * 1024;

const CONTINUATION = ['action', 'method'];

/** The attributes each verb may have; anything else is a schema warning (12200). */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Say: ['voice', 'language', 'loop'],
  Play: ['loop', 'digits'],
  Pause: ['length'],
  Connect: CONTINUATION,
  Redirect: ['method'],
  Hangup: [],
  Reject: ['reason'],
  Dial: [
    ...CONTINUATION,
    ...'timeout timeLimit answerOnBridge callerId record ringTone hangupOnStar trim recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack referUrl referMethod sequential'.split(
      ' ',
    ),
  ],
  Gather: [
    ...CONTINUATION,
    ...'input timeout numDigits finishOnKey actionOnEmptyResult language hints bargeIn speechTimeout'.split(' '),
  ],
  Refer: CONTINUATION,
  Record: [
    ...CONTINUATION,
    ...'timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback recordingStatusCallback'.split(' '),
  ],
  Leave: [],
  Enqueue: [...CONTINUATION, ...'waitUrl waitUrlMethod workflowSid maxQueueSize'.split(' ')],
};

/** Reads a document as strictly as Twilio does: case counts, unknown verbs and attributes are warnings (12200). */
export function readTwiml(xml: string): Twiml {
  const fatal = (detail: string): Twiml => ({verbs: [], problems: [{code: 12100, detail}], fatal: true});
  if (xml.length > LONGEST_DOCUMENT) return fatal(`${xml.length} characters are too long a document`);
  let root: XmlElement;
  try {
    root = readXml(xml);
  } catch (error) {
    if (error instanceof BadXml) return fatal(error.message);
    throw error;
  }
  if (root.name !== 'Response') return fatal(`the root element is ${root.name}, not Response`);
  const problems: Problem[] = [];
  const warn = (detail: string) => problems.push({code: 12200, detail});
  if (root.text.trim() !== '') warn('text stands directly in Response');
  const verbs = root.children.flatMap((element, place) => {
    const allowed = ATTRIBUTES[element.name];
    if (!allowed) {
      warn(`${element.name} is no verb this simulator knows`);
      return [];
    }
    for (const name of Object.keys(element.attributes))
      if (!allowed.includes(name)) warn(`${element.name} has no attribute ${name}`);
    if (element.name === 'Reject' && place > 0) warn('Reject must be the first verb');
    const verb = readVerb(element, problems);
    return verb ? [verb] : [];
  });
  return {verbs, problems, fatal: false};
}

function readVerb(element: XmlElement, problems: Problem[]): Verb | undefined {
  const {attributes, text} = element;
  switch (element.name) {
    case 'Say':
      return {verb: 'Say', text: text.trim(), loop: Number(attributes['loop'] ?? 1)};
    case 'Play':
      return readPlay(element, problems);
    case 'Leave':
      return {verb: 'Leave'};
    case 'Gather':
      return {
        verb: 'Gather',
        timeout: Number(attributes['timeout'] ?? 5) * 1_000,
        says: element.children.flatMap(({name, text}) => (name === 'Say' ? [text.trim()] : [])),
        ...continuationOf(attributes),
      };
    case 'Record':
      return {verb: 'Record', ...continuationOf(attributes)};
    case 'Refer':
      return readRefer(element, problems);
    case 'Pause':
      return {verb: 'Pause', ms: Number(attributes['length'] ?? 1) * 1000};
    case 'Redirect':
      return {verb: 'Redirect', url: text.trim(), method: methodOf(attributes['method'])};
    case 'Hangup':
      return {verb: 'Hangup'};
    case 'Reject':
      return {verb: 'Reject', reason: attributes['reason'] ?? 'rejected'};
    case 'Dial':
      return {
        verb: 'Dial',
        targets: dialTargets(element),
        nouns: dialNouns(element, problems),
        timeout: Number(attributes['timeout'] ?? 30) * 1_000,
        timeLimit: Number(attributes['timeLimit'] ?? 14_400) * 1_000,
        ...continuationOf(attributes),
      };
    case 'Enqueue':
      return {
        verb: 'Enqueue',
        queue: text.trim() || (attributes['workflowSid'] ?? ''),
        ...(attributes['waitUrl'] === undefined ? {} : {waitUrl: attributes['waitUrl']}),
        ...continuationOf(attributes),
      };
    default:
      return readConnect(element, problems);
  }
}

function readConnect({children, attributes}: XmlElement, problems: Problem[]): Verb | undefined {
  const [noun, second] = children;
  if (noun?.name !== 'Stream' || second) {
    problems.push({code: 12200, detail: 'Connect must hold exactly one Stream'});
    return undefined;
  }
  return {verb: 'Connect', stream: readStream(noun, problems), ...continuationOf(attributes)};
}

/** Keys that Twilio can press; `w` and `W` are pauses. */
const KEYS = /^[0-9A-Da-d*#wW]+$/;

function readPlay({attributes, text}: XmlElement, problems: Problem[]): Verb | undefined {
  const {digits} = attributes;
  if (digits === undefined) return {verb: 'Play', url: text.trim()};
  if (KEYS.test(digits) && text.trim() === '') return {verb: 'Play', url: '', digits};
  problems.push({code: 12200, detail: `Play cannot press ${JSON.stringify(digits)}`});
  return undefined;
}

function readRefer({children, attributes}: XmlElement, problems: Problem[]): Verb | undefined {
  const [noun, second] = children;
  if (noun?.name !== 'Sip' || second || !/^sips?:\S+@\S+$/.test(noun.text.trim())) {
    problems.push({code: 12200, detail: 'Refer must hold exactly one Sip with an address'});
    return undefined;
  }
  return {verb: 'Refer', target: noun.text.trim(), ...continuationOf(attributes)};
}

/** The attributes of whom a Dial rings; what is said or pressed elsewhere is a mistake. */
const NOUN_ATTRIBUTES =
  'url method sendDigits statusCallback statusCallbackEvent statusCallbackMethod username password byoc'.split(' ');

const CONFERENCE_ATTRIBUTES =
  'muted beep startConferenceOnEnter endConferenceOnExit waitUrl waitMethod maxParticipants record region trim coach statusCallback statusCallbackEvent statusCallbackMethod recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent eventCallbackUrl participantLabel jitterBufferSize'.split(
    ' ',
  );

function dialNouns({children, text}: XmlElement, problems: Problem[]): Noun[] {
  if (text.trim() !== '') return [{target: `Number: ${text.trim()}`, method: 'POST'}];
  return children.map(({name, attributes, text}) => {
    const address = text.trim();
    if (name === 'Number' && !/^\+?\d{3,15}$/.test(address))
      problems.push({code: 13223, detail: `Dial: the number ${JSON.stringify(address)} is invalid`});
    if (name === 'Sip' && !/^sips?:\S+@\S+$/.test(address))
      problems.push({code: 13224, detail: `Dial: the SIP address ${JSON.stringify(address)} is invalid`});
    const known = name === 'Conference' ? CONFERENCE_ATTRIBUTES : NOUN_ATTRIBUTES;
    for (const attribute of Object.keys(attributes))
      if (!known.includes(attribute)) problems.push({code: 12200, detail: `${name} has no attribute ${attribute}`});
    const {url} = attributes;
    return {
      target: `${name}: ${address}`,
      method: methodOf(attributes['method']),
      ...(url === undefined ? {} : {url}),
      ...(name === 'Conference' ? {conference: readConference(address, attributes)} : {}),
    };
  });
}

function readConference(name: string, attributes: XmlElement['attributes']): ConferenceNoun {
  const {waitUrl} = attributes;
  return {
    name,
    starts: attributes['startConferenceOnEnter'] !== 'false',
    ends: attributes['endConferenceOnExit'] === 'true',
    waitMethod: methodOf(attributes['waitMethod']),
    ...(waitUrl === undefined ? {} : {waitUrl}),
  };
}

function dialTargets({children, text}: XmlElement): string[] {
  return text.trim() === '' ? children.map(noun => `${noun.name}: ${noun.text.trim()}`) : [`Number: ${text.trim()}`];
}

function continuationOf(attributes: XmlElement['attributes']): Continuation {
  const {action} = attributes;
  return {...(action === undefined ? {} : {action}), method: methodOf(attributes['method'])};
}

function methodOf(method: string | undefined): Method {
  return method?.toUpperCase() === 'GET' ? 'GET' : 'POST';
}
