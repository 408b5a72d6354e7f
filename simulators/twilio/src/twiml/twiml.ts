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
  | {readonly verb: 'Play'; readonly url: string}
  | {readonly verb: 'Pause'; readonly ms: Millis}
  | ({readonly verb: 'Connect'; readonly stream: StreamNoun} & Continuation)
  | {readonly verb: 'Redirect'; readonly url: string; readonly method: Method}
  | {readonly verb: 'Hangup'}
  | {readonly verb: 'Reject'; readonly reason: string}
  | ({readonly verb: 'Dial'; readonly targets: readonly string[]} & Continuation)
  | ({readonly verb: 'Enqueue'; readonly queue: string} & Continuation);

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
      return {verb: 'Play', url: text.trim()};
    case 'Pause':
      return {verb: 'Pause', ms: Number(attributes['length'] ?? 1) * 1000};
    case 'Redirect':
      return {verb: 'Redirect', url: text.trim(), method: methodOf(attributes['method'])};
    case 'Hangup':
      return {verb: 'Hangup'};
    case 'Reject':
      return {verb: 'Reject', reason: attributes['reason'] ?? 'rejected'};
    case 'Dial':
      return {verb: 'Dial', targets: dialTargets(element), ...continuationOf(attributes)};
    case 'Enqueue':
      return {verb: 'Enqueue', queue: text.trim() || (attributes['workflowSid'] ?? ''), ...continuationOf(attributes)};
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
