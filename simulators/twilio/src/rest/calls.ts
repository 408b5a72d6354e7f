import type {Next} from '../call/next.ts';
import {PROGRESS_EVENTS, type ProgressEvent, type ToldAbout, type ToldMachine} from '../call/call-progress.ts';
import {documentFrom} from '../call/document.ts';
import type {FakeCall} from '../call/fake-call.ts';
import type {Method} from '../twiml/stream-noun.ts';
import {type Answer, badParameter, failure} from './rest-answer.ts';

/** A call that the account wants. */
export interface WantedCall {
  readonly from: string;
  readonly to: string;
  /** What is done when it is answered. */
  readonly first: Exclude<Next, {go: 'end'} | {go: 'ring'}>;
  /** How long it may ring, in milliseconds. */
  readonly timeout: number;
  readonly told: ToldAbout;
  readonly machine: ToldMachine | undefined;
}

export interface CallsDeps {
  readonly accountSid: string;
  readonly answerWhenEnded: 404 | 400;
  /** The numbers that calls may be made from. */
  readonly ownNumbers: ReadonlySet<string>;
  readonly find: (callSid: string) => FakeCall | undefined;
  readonly all: () => readonly FakeCall[];
  readonly create: (wanted: WantedCall) => FakeCall;
}

/** The longest document an update may carry. */
const LONGEST_TWIML = 4000;
const PAGE = 50;

/** What a call may be created with. Twilio skips what it does not know; here it is a mistake of whoever asks. */
const CREATES = new Set([
  'To',
  'From',
  'Url',
  'Method',
  'Twiml',
  'Timeout',
  'TimeLimit',
  'CallReason',
  'FallbackUrl',
  'FallbackMethod',
  'StatusCallback',
  'StatusCallbackMethod',
  'StatusCallbackEvent',
  'MachineDetection',
  'MachineDetectionTimeout',
  'MachineDetectionSpeechThreshold',
  'MachineDetectionSpeechEndThreshold',
  'MachineDetectionSilenceTimeout',
  'AsyncAmd',
  'AsyncAmdStatusCallback',
  'AsyncAmdStatusCallbackMethod',
]);

/** https://www.twilio.com/docs/voice/api/call-resource#create-a-call */
export function createCall(form: URLSearchParams, deps: CallsDeps): Answer {
  const wanted = wantedOf(form, deps);
  return 'status' in wanted ? wanted : {status: 201, body: describeCall(deps.create(wanted))};
}

/** https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources: the newest first. */
export function listCalls(query: URLSearchParams, {all}: CallsDeps): Answer {
  const [to, from, status] = [query.get('To'), query.get('From'), query.get('Status')];
  const since = query.get('StartTime>') ?? query.get('StartTime');
  if (since !== null && !/^\d{4}-\d\d-\d\d$/.test(since)) return badParameter(`${since} is no day`);
  const size = Number(query.get('PageSize') ?? PAGE);
  if (!Number.isInteger(size) || size < 1 || size > 1_000) return badParameter('PageSize is 1 to 1000');
  const calls = all()
    .map(call => describeCall(call))
    .filter(
      call =>
        (to === null || call.to === to) &&
        (from === null || call.from === from) &&
        (status === null || call.status === status) &&
        (since === null || Date.parse(call.date_created) >= Date.parse(since)),
    )
    .toReversed();
  return {status: 200, body: {page: 0, page_size: size, next_page_uri: null, calls: calls.slice(0, size)}};
}

/** https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource */
export function updateCall(call: FakeCall, form: URLSearchParams, {answerWhenEnded}: CallsDeps): Answer {
  const before = call.status === 'ringing' || call.status === 'queued';
  if (!before && call.status !== 'in-progress')
    return answerWhenEnded === 404
      ? failure(404, 20404, `The requested resource ${call.callSid} was not found`)
      : failure(400, 21220, 'Call is not in-progress. Cannot redirect.');
  const statusCallbackUrl = form.get('StatusCallback');
  const changes = statusCallbackUrl ? {statusCallbackUrl} : {};
  const status = form.get('Status');
  if (status === 'completed' || (status === 'canceled' && before)) {
    // Nobody has answered yet: then there is nothing that could be completed.
    const ended = before && call.facts.direction === 'outbound-api' ? 'canceled' : status;
    call.redirect({go: 'end', by: 'platform', reason: 'completed over REST', status: ended}, changes);
    return {status: 200, body: {...describeCall(call), status: ended}};
  }
  if (status !== null) return failure(400, 21220, `Status ${status} is not possible for a call that is ${call.status}`);
  const next = nextOf(form);
  if (!next) return failure(400, 21218, 'Url, Twiml or Status is needed');
  if ('status' in next) return next;
  if (before) return failure(400, 21220, 'Call is not in-progress. Cannot redirect.');
  call.redirect(next, changes);
  return {status: 200, body: describeCall(call)};
}

/** A call as REST shows it. */
export function describeCall({callSid, facts, status, wallStartedAt}: FakeCall) {
  const {accountSid, from, to, direction} = facts;
  return {
    sid: callSid,
    account_sid: accountSid,
    api_version: '2010-04-01',
    status,
    from,
    to,
    direction: direction === 'inbound' ? 'inbound' : 'outbound-api',
    date_created: rfc2822(wallStartedAt),
    start_time: status === 'queued' || status === 'ringing' ? null : rfc2822(wallStartedAt),
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${callSid}.json`,
  };
}

function wantedOf(form: URLSearchParams, {ownNumbers}: CallsDeps): WantedCall | Answer {
  const strange = [...form.keys()].find(name => !CREATES.has(name));
  if (strange !== undefined) return badParameter(`${strange} is no parameter of a call`);
  const [to, from] = [form.get('To') ?? '', form.get('From') ?? ''];
  if (to === '') return failure(400, 21201, "No 'To' number is specified");
  if (from === '') return failure(400, 21213, "No 'From' number is specified");
  if (!/^(\+[1-9]\d{6,14}|sips?:\S+|client:\S+)$/.test(to))
    return failure(400, 21211, `The phone number you are attempting to call, ${to}, is not valid.`);
  if (!ownNumbers.has(from))
    return failure(400, 21210, `The source phone number provided, ${from}, is not yet verified`);
  const next = nextOf(form);
  if (!next) return failure(400, 21205, 'Url or Twiml is needed');
  if ('status' in next) return next;
  const seconds = wholeIn(form, 'Timeout', {least: 5, most: 600, usual: 60});
  if (typeof seconds !== 'number') return seconds;
  const told = toldOf(form);
  if ('status' in told) return told;
  const machine = machineOf(form);
  if (machine && 'status' in machine) return machine;
  const first = next.go === 'ask' ? ({...next, purpose: 'voice'} as const) : next;
  return {from, to, first, timeout: seconds * 1_000, told, machine};
}

function toldOf(form: URLSearchParams): ToldAbout | Answer {
  const events = form.getAll('StatusCallbackEvent');
  const known = events.filter((event): event is ProgressEvent => PROGRESS_EVENTS.some(each => each === event));
  if (known.length < events.length) return badParameter(`StatusCallbackEvent ${events.join(', ')} is not valid`);
  const url = form.get('StatusCallback') ?? undefined;
  if (url !== undefined && !isUrl(url)) return failure(400, 21609, `Invalid 'StatusCallback' URL: ${url}`);
  return {
    url,
    method: methodOf(form, 'StatusCallbackMethod'),
    events: new Set(known.length > 0 ? known : ['completed']),
  };
}

function machineOf(form: URLSearchParams): ToldMachine | Answer | undefined {
  const mode = form.get('MachineDetection');
  const [isAsync, url] = [form.get('AsyncAmd'), form.get('AsyncAmdStatusCallback')];
  if (mode === null) {
    return isAsync === null && url === null ? undefined : badParameter('AsyncAmd needs MachineDetection');
  }
  if (mode !== 'Enable' && mode !== 'DetectMessageEnd') return badParameter(`MachineDetection ${mode} is not valid`);
  // Without it the call would wait for the detection before anything is said: no product of ours wants that.
  if (isAsync !== 'true') return badParameter('this simulator knows asynchronous detection only');
  if (url === null || !isUrl(url)) return badParameter(`AsyncAmdStatusCallback ${url} is not valid`);
  return {mode, url, method: methodOf(form, 'AsyncAmdStatusCallbackMethod')};
}

function wholeIn(
  form: URLSearchParams,
  name: string,
  {least, most, usual}: {least: number; most: number; usual: number},
): number | Answer {
  const text = form.get(name);
  if (text === null) return usual;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most
    ? value
    : badParameter(`${name} ${text} is not ${least} to ${most}`);
}

/** What the form asks a call to do, or the refusal. */
function nextOf(form: URLSearchParams): Exclude<Next, {go: 'end'} | {go: 'ring'}> | Answer | undefined {
  const [twiml, url] = [form.get('Twiml'), form.get('Url')];
  if (twiml !== null && url !== null) return failure(400, 21221, 'Twiml and Url exclude each other');
  if (url !== null) {
    if (!isUrl(url)) return failure(400, 21205, `${url} is no valid URL`);
    return {go: 'ask', purpose: 'redirect', url, method: methodOf(form, 'Method'), params: {}};
  }
  if (twiml === null) return undefined;
  if (twiml.length > LONGEST_TWIML) return failure(400, 21617, `Twiml is longer than ${LONGEST_TWIML} characters`);
  const document = documentFrom(twiml, 'https://api.twilio.com/');
  return document.failed ? failure(400, 12100, document.failed.detail) : {go: 'obey', document};
}

const isUrl = (text: string): boolean => /^https?:\/\/[^/\s]+/.test(text);
const methodOf = (form: URLSearchParams, name: string): Method =>
  form.get(name)?.toUpperCase() === 'GET' ? 'GET' : 'POST';
const rfc2822 = (wall: number): string => new Date(wall).toUTCString().replace('GMT', '+0000');
