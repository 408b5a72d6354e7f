import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {CallAnswer} from '../../services/webhook/src/admission/call-answer.ts';
import {redactNumbers} from '../../services/webhook/src/admission/redact-numbers.ts';
import {renderAnswer} from '../../services/webhook/src/carriers/twilio/render-answer.ts';
import {RequestOfAnyPhone, toCallRequest, toStreamStatus} from '../../services/webhook/src/carriers/twilio/request.ts';

const CONFIG = {
  PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
  WEBHOOK_RETRIES: 2,
  TRANSFER_MAX_SECONDS: 3_600,
  HOLD_MUSIC_URL: 'https://h/music.mp3',
};
const NUMBERS = {NUMBERS: 'full', NUMBER_HASH_KEY: 'a key of sixteen or more'} as const;
const ticket = Ticket.parse('0123456789abcdef0123456789abcdef');

/** Every answer with this text in each place that is not ours alone. */
function answers(text: string): CallAnswer[] {
  return [
    {kind: 'connect', edgeUrl: `wss://e/${text}`, ticket, leg: text, says: [text, text], pauseSeconds: 1},
    {kind: 'hold', say: text, seconds: 5, again: {held: 1}},
    {kind: 'dial', target: `+1${text}`, say: text},
    {kind: 'dial', target: `sip:${text}`},
    {kind: 'dial', target: `client:${text}`},
    {kind: 'redirect', url: `https://h/?${text}`, say: text},
    {kind: 'hangUp', say: text},
  ];
}

/** The elements as they begin and the names of their attributes, without any text. */
function shapeOf(xml: string): string {
  const shape = [...xml.matchAll(/<([A-Za-z?]+)((?:\s+[\w-]+="[^"<]*")*)\s*\/?>/g)].map(
    ([, name = '', attributes = '']) =>
      name + [...attributes.matchAll(/([\w-]+)="[^"]*"/g)].map(([, each]) => ` ${each}`).join(''),
  );
  return `${shape.join('>')} ${xml.split(/<(?!\/)/).length}`;
}

const USUAL = answers('usual').map(answer => shapeOf(renderAnswer(answer, CONFIG)));

/** Reads a form as the webhook does, and throws if its values could change the TwiML of any answer. */
export function answersWith(input: string): void {
  const form = Object.fromEntries(new URLSearchParams(input));
  toStreamStatus(form);
  const read = RequestOfAnyPhone.safeParse(form);
  if (read.success) {
    const {caller, callee} = toCallRequest(read.data, form);
    redactNumbers({caller, callee}, NUMBERS);
  }
  for (const [index, answer] of answers(form['From'] || input || 'x').entries()) {
    const shape = shapeOf(renderAnswer(answer, CONFIG));
    if (shape !== USUAL[index]) throw new Error(`the TwiML of "${answer.kind}" is altered: ${shape}`);
  }
}
