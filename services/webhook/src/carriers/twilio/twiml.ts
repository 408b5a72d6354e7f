import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';

/** A whole TwiML document, as text. Everything in it was escaped by Twilio's own builder. */
export type Twiml = string;

export const SORRY = 'Sorry, something went wrong. Please call again in a few minutes.';
export const ONE_MOMENT = 'One moment, please.';

/** No more instructions, for a call that is over anyway. */
export function nothing(): Twiml {
  return new VoiceResponse().toString();
}

/** Says a sentence, if there is one, and hangs up. */
export function hangUp(sentence?: string): Twiml {
  const response = new VoiceResponse();
  if (sentence) response.say(sentence);
  response.hangup();
  return response.toString();
}

/** Hands the caller to a number in E.164 form, a SIP address or a Twilio client; hangs up afterwards. */
export function dial(target: string, sentence?: string): Twiml {
  const response = new VoiceResponse();
  if (sentence) response.say(sentence);
  const dialling = response.dial({answerOnBridge: true});
  if (/^sips?:/.test(target)) dialling.sip(target);
  else if (target.startsWith('client:')) dialling.client(target.slice('client:'.length));
  else dialling.number(target);
  response.hangup();
  return response.toString();
}

/** Says a sentence, if there is one, waits, and asks again at `url`. */
export function redirect(url: string, {say, pauseSeconds}: {say?: string; pauseSeconds?: number} = {}): Twiml {
  const response = new VoiceResponse();
  if (say) response.say(say);
  if (pauseSeconds) response.pause({length: pauseSeconds});
  response.redirect({method: 'POST'}, url);
  return response.toString();
}

/** Between two sentences for a caller who waits. */
export const PAUSE_SECONDS = 5;

/**
 * Connects the caller with an edge, after some sentences with pauses between. When the stream has ended Twilio asks at
 * `after`, and if it does not, it asks there all the same: `<Redirect>` comes next.
 */
export function connect(
  stream: string,
  {says = [], after, status}: {says?: readonly string[]; after?: string; status?: string},
): Twiml {
  const response = new VoiceResponse();
  for (const [index, sentence] of says.entries()) {
    if (index > 0) response.pause({length: PAUSE_SECONDS});
    response.say(sentence);
  }
  const connecting = response.connect(after === undefined ? {} : {action: after});
  connecting.stream({url: stream, ...(status === undefined ? {} : {statusCallback: status})});
  if (after !== undefined) response.redirect({method: 'POST'}, after);
  return response.toString();
}
