import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {CallAnswer, HeldFor} from '../../admission/call-answer.ts';
import type {WebhookConfig} from '../../config.ts';

/** A whole TwiML document, as text. Twilio's own builder has escaped everything in it. */
export type Twiml = string;

/** An answer as TwiML: https://www.twilio.com/docs/voice/twiml */
export function renderAnswer(
  answer: CallAnswer,
  config: Pick<WebhookConfig, 'PUBLIC_WEBHOOK_URL' | 'TRANSFER_MAX_SECONDS'>,
): Twiml {
  const response = new VoiceResponse();
  switch (answer.kind) {
    case 'connect':
      connect(response, answer, config.PUBLIC_WEBHOOK_URL);
      break;
    case 'preview':
      for (const sentence of answer.says) response.say(printable(sentence));
      response.connect({}).stream({url: printable(`${answer.edgeUrl}/media-stream`)});
      break;
    case 'hold':
      if (answer.say) response.say(printable(answer.say));
      // A <Pause> that comes first does not answer the call: it goes on ringing.
      response.pause({length: answer.seconds});
      response.redirect({method: 'POST'}, `${config.PUBLIC_WEBHOOK_URL}/incoming-call?${queryOf(answer.again)}`);
      break;
    case 'dial':
      if (answer.say) response.say(printable(answer.say));
      dial(response, printable(answer.target), config.TRANSFER_MAX_SECONDS);
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
  {edgeUrl, ticket, leg, says, pauseSeconds}: Extract<CallAnswer, {kind: 'connect'}>,
  origin: string,
): void {
  for (const [index, sentence] of says.entries()) {
    if (index > 0) response.pause({length: pauseSeconds});
    response.say(printable(sentence));
  }
  const after = printable(`${origin}/after-stream${ticket ? `?leg=${leg}` : ''}`);
  response.connect({action: after}).stream({
    url: printable(`${edgeUrl}/media-stream${ticket ? `/${ticket}` : ''}`),
    statusCallback: `${origin}/stream-status`,
  });
  response.redirect({method: 'POST'}, after);
}

function dial(response: VoiceResponse, target: string, timeLimit: number): void {
  const dialling = response.dial({answerOnBridge: true, timeLimit});
  if (/^sips?:/.test(target)) dialling.sip(target);
  else if (target.startsWith('client:')) dialling.client(target.slice('client:'.length));
  else dialling.number(target);
}

/** Without what XML cannot hold, such as control characters: the builder throws on them, and the caller would hear an error. */
function printable(text: string): string {
  return text.toWellFormed().replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '');
}

function queryOf(again: HeldFor): string {
  return 'held' in again ? `held=${again.held}` : `waited=${again.waited}`;
}
