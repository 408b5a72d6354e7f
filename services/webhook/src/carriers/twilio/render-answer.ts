import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {CallAnswer, HeldFor} from '../../admission/call-answer.ts';
import type {WebhookConfig} from '../../config.ts';
import {backUrl, musicUrl, ourUrl, type Ours, waitUrl, whisperUrl} from './our-urls.ts';

/** A whole TwiML document, as text. Twilio's own builder has escaped everything in it. */
export type Twiml = string;

type RenderConfig = Ours & Pick<WebhookConfig, 'TRANSFER_MAX_SECONDS' | 'HOLD_MUSIC_URL'>;

/** The longest message in a voice mailbox. */
const LONGEST_MESSAGE_SECONDS = 180;
/** Between two sentences in a queue. */
const BETWEEN_WAITING_SECONDS = 10;
/** After the last word of a whisper a key is awaited for so long. */
const KEY_WITHIN_SECONDS = 8;
/** Beyond the ring time, until a person has heard everything and joins. */
const JOINS_WITHIN_SECONDS = 180;

/** An answer as TwiML: https://www.twilio.com/docs/voice/twiml */
export function renderAnswer(answer: CallAnswer, config: RenderConfig): Twiml {
  const response = new VoiceResponse();
  switch (answer.kind) {
    case 'connect':
      connect(response, answer, config);
      break;
    case 'preview':
      for (const sentence of answer.says) response.say(printable(sentence));
      response.connect({}).stream({url: printable(`${answer.edgeUrl}/media-stream`)});
      break;
    case 'hold':
      if (answer.say) response.say(printable(answer.say));
      // A <Pause> that comes first does not answer the call: it goes on ringing.
      response.pause({length: answer.seconds});
      response.redirect({method: 'POST'}, ourUrl(`/incoming-call?${queryOf(answer.again)}`, config));
      break;
    case 'dial':
      if (answer.say) response.say(printable(answer.say));
      dial(response, answer, config);
      if (answer.back) response.redirect({method: 'POST'}, backUrl(answer.back, config));
      else response.hangup();
      break;
    case 'queue':
      queue(response, answer, config);
      break;
    case 'wait':
      wait(response, answer);
      break;
    case 'refer':
      response.refer({action: backUrl(answer.back, config)}).sip(printable(answer.target));
      response.redirect({method: 'POST'}, backUrl(answer.back, config));
      break;
    case 'meet':
      meet(response, answer, config);
      break;
    case 'music':
      response.play({}, config.HOLD_MUSIC_URL);
      response.redirect({method: 'POST'}, musicUrl(answer.back, config));
      break;
    case 'join':
      response
        .dial({timeLimit: config.TRANSFER_MAX_SECONDS})
        .conference(
          {beep: 'false', endConferenceOnExit: true, ...(answer.record ? {record: 'record-from-start'} : {})},
          answer.room,
        );
      break;
    case 'whisper':
      whisper(response, answer, config);
      break;
    case 'voicemail':
      response.say(voice(answer.language), printable(answer.say));
      response.record({
        maxLength: LONGEST_MESSAGE_SECONDS,
        playBeep: true,
        action: ourUrl('/after-stream', config),
      });
      response.hangup();
      break;
    case 'redirect':
      if (answer.say) response.say(printable(answer.say));
      response.redirect({method: 'POST'}, printable(answer.url));
      break;
    case 'hangUp':
      if (answer.say) response.say(printable(answer.say));
      response.hangup();
      break;
    case 'nothing':
      break;
    default:
      return unreachable(answer);
  }
  return response.toString();
}

/**
 * When the stream has ended Twilio asks at the address in `action`. If it does not, the `<Redirect>` behind `<Connect>`
 * makes it ask there all the same.
 */
function connect(
  response: VoiceResponse,
  {edgeUrl, ticket, leg, keys, says, pauseSeconds}: Extract<CallAnswer, {kind: 'connect'}>,
  ours: Ours,
): void {
  if (keys !== undefined) response.play({digits: keys});
  for (const [index, sentence] of says.entries()) {
    if (index > 0) response.pause({length: pauseSeconds});
    response.say(printable(sentence));
  }
  const after = printable(ourUrl(`/after-stream${ticket ? `?leg=${leg}` : ''}`, ours));
  response.connect({action: after}).stream({
    url: printable(`${edgeUrl}/media-stream${ticket ? `/${ticket}` : ''}`),
    statusCallback: `${ours.PUBLIC_WEBHOOK_URL}/stream-status`,
  });
  response.redirect({method: 'POST'}, after);
}

function dial(
  response: VoiceResponse,
  {target: written, back, ringSeconds, record, from}: Extract<CallAnswer, {kind: 'dial'}>,
  config: RenderConfig,
): void {
  const target = printable(written);
  const dialling = response.dial({
    answerOnBridge: true,
    timeLimit: config.TRANSFER_MAX_SECONDS,
    ...(back ? {action: backUrl(back, config)} : {}),
    ...(ringSeconds === undefined ? {} : {timeout: ringSeconds}),
    ...(record === true ? {record: 'record-from-answer-dual'} : {}),
    ...(from === undefined ? {} : {callerId: printable(from)}),
  });
  const url = back && {url: whisperUrl({...back, meets: false}, config)};
  if (/^sips?:/.test(target)) dialling.sip(url ?? {}, target);
  else if (target.startsWith('client:')) dialling.client(url ?? {}, target.slice('client:'.length));
  else dialling.number(url ?? {}, target);
}

/** The conference begins when the person joins, and ends with whoever leaves first. */
function meet(
  response: VoiceResponse,
  {room, back, ringSeconds}: Extract<CallAnswer, {kind: 'meet'}>,
  config: RenderConfig,
): void {
  const timeLimit = config.TRANSFER_MAX_SECONDS + ringSeconds + JOINS_WITHIN_SECONDS;
  response.dial({action: backUrl(back, config), timeLimit}).conference(
    {
      startConferenceOnEnter: false,
      endConferenceOnExit: true,
      beep: 'false',
      waitUrl: waitUrl(back, config),
      waitMethod: 'POST',
    },
    room,
  );
  response.redirect({method: 'POST'}, backUrl(back, config));
}

function queue(
  response: VoiceResponse,
  {name, workflow, seconds, back}: Extract<CallAnswer, {kind: 'queue'}>,
  config: RenderConfig,
): void {
  const action = backUrl(back, config);
  if (workflow === null) {
    response.enqueue({action, waitUrl: `${config.PUBLIC_WEBHOOK_URL}/waiting?seconds=${seconds}`}, printable(name));
  } else {
    const waitUrl = `${config.PUBLIC_WEBHOOK_URL}/waiting?seconds=${seconds}`;
    response.enqueue({action, waitUrl, workflowSid: workflow}).task({}, JSON.stringify({queue: printable(name)}));
  }
  response.redirect({method: 'POST'}, action);
}

function wait(response: VoiceResponse, {say, seconds}: Extract<CallAnswer, {kind: 'wait'}>): void {
  for (let at = 0; at < seconds; at += BETWEEN_WAITING_SECONDS) {
    response.say(printable(say));
    response.pause({length: Math.min(BETWEEN_WAITING_SECONDS, seconds - at)});
  }
  response.leave();
}

function whisper(
  response: VoiceResponse,
  {says, language, callSid, away, meets}: Extract<CallAnswer, {kind: 'whisper'}>,
  config: RenderConfig,
): void {
  const action = whisperUrl({callSid, away, meets, asked: true}, config);
  const gather = response.gather({numDigits: 1, timeout: KEY_WITHIN_SECONDS, action});
  // Said twice: a person who has just answered does not listen yet.
  for (const sentence of [...says, ...says]) gather.say(voice(language), printable(sentence));
  response.hangup();
}

const voice = (language: string | null): Parameters<VoiceResponse['say']>[0] =>
  // oxlint-disable-next-line no-unsafe-type-assertion
  (language === null ? {} : {language: printable(language)}) as Parameters<VoiceResponse['say']>[0];

/** Without what XML cannot hold, such as control characters: the builder throws on them, and the caller would hear an error. */
function printable(text: string): string {
  return text.toWellFormed().replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '');
}

function queryOf(again: HeldFor): string {
  const count = 'held' in again ? `held=${again.held}` : `waited=${again.waited}`;
  // Without it the second request would be one about a caller, and another assistant would answer.
  return again.out ? `${count}&out=${again.out.id}&try=${again.out.attempt}` : count;
}
