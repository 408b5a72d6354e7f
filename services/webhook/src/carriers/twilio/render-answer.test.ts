import {expect, test} from 'vitest';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {CallAnswer} from '../../admission/call-answer.ts';
import {renderAnswer} from './render-answer.ts';

const config = {
  PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
  WEBHOOK_RETRIES: 2,
  TRANSFER_MAX_SECONDS: 1_800,
  HOLD_MUSIC_URL: 'https://example.com/music.mp3',
};
const ticket = Ticket.parse('0123456789abcdef'.repeat(2));
const connect = {
  kind: 'connect',
  edgeUrl: 'wss://edge.example.com',
  ticket,
  leg: '01234567',
  says: [],
  pauseSeconds: 5,
} as const;
const AFTER = 'https://voice.example.com/after-stream?leg=01234567#rc=2&amp;rp=all';
const STREAM = `<Connect action="${AFTER}"><Stream url="wss://edge.example.com/media-stream/${ticket}" statusCallback="https://voice.example.com/stream-status"/></Connect><Redirect method="POST">${AFTER}</Redirect>`;

const ANSWERS: readonly (readonly [what: string, answer: CallAnswer, twiml: string])[] = [
  ['connects a caller with an edge, and says where Twilio asks afterwards', connect, STREAM],
  [
    'repeats a sentence with pauses before the stream',
    {...connect, says: ['Wait.', 'Wait.']},
    `<Say>Wait.</Say><Pause length="5"/><Say>Wait.</Say>${STREAM}`,
  ],
  [
    'connects a call without a ticket',
    {...connect, ticket: undefined, leg: ''},
    '<Connect action="https://voice.example.com/after-stream#rc=2&amp;rp=all"><Stream url="wss://edge.example.com/media-stream" statusCallback="https://voice.example.com/stream-status"/></Connect><Redirect method="POST">https://voice.example.com/after-stream#rc=2&amp;rp=all</Redirect>',
  ],
  [
    'connects a preview without callbacks',
    {kind: 'preview', edgeUrl: 'wss://edge.example.com', says: ['Welcome.']},
    '<Say>Welcome.</Say><Connect><Stream url="wss://edge.example.com/media-stream"/></Connect>',
  ],
  [
    'holds a caller with a sentence, a pause and a redirect',
    {kind: 'hold', say: 'Please hold.', seconds: 7, again: {held: 1}},
    '<Say>Please hold.</Say><Pause length="7"/><Redirect method="POST">https://voice.example.com/incoming-call?held=1#rc=2&amp;rp=all</Redirect>',
  ],
  [
    'lets a caller go on ringing, because the pause comes first',
    {kind: 'hold', seconds: 1, again: {waited: 4}},
    '<Pause length="1"/><Redirect method="POST">https://voice.example.com/incoming-call?waited=4#rc=2&amp;rp=all</Redirect>',
  ],
  [
    'holds somebody whom we have called, and asks again about that call, so that its own assistant answers',
    {kind: 'hold', seconds: 1, again: {waited: 4, out: {id: 'o-1', attempt: 2}}},
    '<Pause length="1"/><Redirect method="POST">https://voice.example.com/incoming-call?waited=4&amp;out=o-1&amp;try=2#rc=2&amp;rp=all</Redirect>',
  ],
  [
    'dials a number after a sentence',
    {kind: 'dial', target: '+15550100123', say: 'Sorry.'},
    '<Say>Sorry.</Say><Dial answerOnBridge="true" timeLimit="1800"><Number>+15550100123</Number></Dial><Hangup/>',
  ],
  [
    'dials a SIP address',
    {kind: 'dial', target: 'sips:desk@example.com'},
    '<Dial answerOnBridge="true" timeLimit="1800"><Sip>sips:desk@example.com</Sip></Dial><Hangup/>',
  ],
  [
    'dials a Twilio client',
    {kind: 'dial', target: 'client:ann'},
    '<Dial answerOnBridge="true" timeLimit="1800"><Client>ann</Client></Dial><Hangup/>',
  ],
  [
    'redirects to the address of an operator',
    {kind: 'redirect', url: 'https://example.com/busy?a=1&b=2'},
    '<Redirect method="POST">https://example.com/busy?a=1&amp;b=2</Redirect>',
  ],
  [
    'hangs up after a sentence, with all characters escaped',
    {kind: 'hangUp', say: 'Ann & Bob <3'},
    '<Say>Ann &amp; Bob &lt;3</Say><Hangup/>',
  ],
  ['hangs up', {kind: 'hangUp'}, '<Hangup/>'],
];

test.each(ANSWERS)('an answer in TwiML %s', (_, answer, twiml) => {
  expect(renderAnswer(answer, config)).toBe(`<?xml version="1.0" encoding="UTF-8"?><Response>${twiml}</Response>`);
});

test('a caller who has hung up gets an empty document', () => {
  expect(renderAnswer({kind: 'nothing'}, config)).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');
});

test('a sentence with signs that XML cannot hold is spoken without them, instead of an error', () => {
  const [head, tail] = ['<?xml version="1.0" encoding="UTF-8"?><Response><Say>', '</Say><Hangup/></Response>'];
  expect(renderAnswer({kind: 'hangUp', say: 'Good\0bye\u0007\uD800 \u{1F600}'}, config)).toBe(
    `${head}Goodbye\uFFFD \u{1F600}${tail}`,
  );
});

test('an address of ours has nothing behind it where WEBHOOK_RETRIES is 0', () => {
  expect(renderAnswer(connect, {...config, WEBHOOK_RETRIES: 0})).not.toContain('#');
});
