import {fillIn} from '../../libs/assistant/src/variables.ts';
import {BadRingAnswer, checkRingAnswer, textsOf} from '../../libs/assistant/src/ring-answer.ts';
import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {NotResp, RespReader} from '@voicebridge/shared/bus/resp-reader.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {downCodec, upCodec} from '@voicebridge/shared/frame-channel/frame-codec.ts';
import {HEADER_BYTES, isPacket, PacketKind, writeFrameHeader} from '@voicebridge/shared/frame-channel/packet.ts';
import {ReliableLink} from '@voicebridge/shared/frame-channel/reliable-link.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import {WorkerReply, WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import {HEAD_AT_MOST, readHead} from '@voicebridge/shared/service/request-head.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {OPERATIONS} from '../../services/analytics/src/http/operations/operations.ts';
import {readRequest} from '../../services/analytics/src/http/read-request.ts';
import {callRows} from '../../services/analytics/src/ingest/call-rows.ts';
import {BadQuestion} from '../../services/analytics/src/queries/bad-question.ts';
import {finishedCall} from '../../services/analytics/src/testing/finished-call.ts';
import {MediaReader} from '../../services/media-edge/src/carriers/twilio/media-reader.ts';
import {TwilioReader} from '../../services/media-edge/src/carriers/twilio/read-twilio.ts';
import {buildCdr} from '../../services/realtime-worker/src/cdr/build-cdr.ts';
import {readJournal} from '../../services/realtime-worker/src/events/journal-entry.ts';
import {restoreCall} from '../../services/realtime-worker/src/journal/restore-call.ts';
import {isBase64} from '../../services/realtime-worker/src/model/openai/audio-delta.ts';
import {OpenAIReader} from '../../services/realtime-worker/src/model/openai/server-events.ts';
import {randomJournal} from '../../services/realtime-worker/src/testing/random-journal.ts';
import {SCHEMAS} from '../start/plan.ts';
import {answersWith} from './answers-with.ts';
import {API_REQUEST} from './api-kind.ts';
import {FILE_KINDS} from './file-kinds.ts';
import {SAMPLES} from './samples.ts';

/** One kind of input from outside, and what must hold for any of it. */
export interface Kind {
  readonly name: string;
  /** What comes usually. Inputs are made of these. */
  readonly samples: readonly string[];
  /** Throws, or rejects, if a rule does not hold. */
  readonly check: (input: string) => void | Promise<void>;
}

const bytesOf = (input: string) => Buffer.from(input, 'latin1');
const rule = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what);
};
/** Runs it, and lets through only what `isExpected`. */
const refusing = (isExpected: (thrown: unknown) => boolean, run: () => void) => {
  try {
    run();
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
  }
};

const media = new MediaReader();
const packets = ['ack', 'resend', 'gone', 'audio', 'frame'] as const;
const packetSamples = packets.map((kind, index) => {
  const packet = Buffer.alloc(HEADER_BYTES + 40, 'A');
  writeFrameHeader(packet, PacketKind[kind], 1, index, 20 * index);
  return packet.toString('latin1');
});
const journalSamples = [1, 2, 3].map(seed =>
  randomJournal(seededRandom(seed), 2)
    .map(entry => JSON.stringify(entry))
    .join('\n'),
);

export const KINDS: readonly Kind[] = [
  {
    name: 'phone-message',
    samples: SAMPLES.phone,
    check(input) {
      const reader = new TwilioReader();
      reader.read(SAMPLES.phone[1] ?? '');
      const read = reader.read(input);
      const bytes = Buffer.from(input);
      if (!media.read(bytes)) return;
      rule(read.ok && read.message.event === 'media', 'the fast reader takes what the schema refuses');
      if (read.ok && read.message.event === 'media')
        rule(
          bytes.toString('latin1', media.from, media.to) === read.message.media.payload,
          'the fast reader reads it differently',
        );
    },
  },
  {
    name: 'model-event',
    samples: SAMPLES.model,
    check(input) {
      const reader = new OpenAIReader();
      for (const text of [input, SAMPLES.model[0] ?? '', input]) {
        const {events} = reader.read(text);
        rule(events.length < 20, 'one message becomes many events');
        for (const event of events)
          if (event.type === 'audio') rule(isBase64(event.payload), 'audio that is not base64 is handed on');
      }
    },
  },
  {
    name: 'packet',
    samples: packetSamples,
    check(input) {
      const packet = bytesOf(input);
      let published = 0;
      const link = new ReliableLink(1, {
        undelivered: () => undefined,
        publish: () => void (published += 1),
        deliver(delivered) {
          for (const codec of [upCodec, downCodec]) {
            codec.decode(delivered);
            codec.hear(delivered, (_at: unknown, bytes: unknown) => void bytes);
          }
        },
      });
      link.send(PacketKind.frame, 0, packet, 0, packet.length, 1);
      if (!isPacket(packet)) return;
      link.receive(packet, 2);
      link.receive(packet, 3);
      for (let at = 10; at < 100; at += 30) link.tick(at);
      rule(published < 200, `one packet makes ${published} others`);
    },
  },
  {
    name: 'question-to-a-worker',
    samples: SAMPLES.rpc,
    check(input) {
      for (const schema of [WorkerRequest, WorkerReply]) {
        const read = parse<unknown>(schema, input);
        rule(!read.ok || JSON.stringify(read.message).length <= 400_000, 'what is read is too long');
      }
      rule(!('a' in Object.prototype), 'the prototype of all objects is changed');
    },
  },
  {name: 'form-and-twiml', samples: SAMPLES.forms, check: answersWith},
  {
    name: 'ring-answer',
    samples: SAMPLES.ringAnswers,
    check(input) {
      refusing(
        thrown => thrown instanceof BadRingAnswer || thrown instanceof SyntaxError,
        () => {
          const {variables} = checkRingAnswer(JSON.parse(input), ['default', 'booking']);
          const filled = fillIn('Hello {{name}}, {{ __proto__ }} {{constructor}}', textsOf(variables));
          rule(!filled.includes('native code'), 'a variable reads what nobody set');
        },
      );
    },
  },
  {
    name: 'record',
    samples: [JSON.stringify(finishedCall()), JSON.stringify(finishedCall({part: 1, parts: 2}))],
    check(input) {
      const read = parse(CallFinished, input);
      if (read.ok) JSON.stringify(callRows(read.message));
    },
  },
  {
    name: 'journal',
    samples: journalSamples,
    check(input) {
      const entries = readJournal(input.split('\n'));
      restoreCall(entries, 1_000_000);
      for (const part of buildCdr(entries, 'full') ?? []) CallFinished.parse(part);
    },
  },
  {
    name: 'redis-reply',
    samples: SAMPLES.redis,
    check(input) {
      const ignore = () => {};
      const sink = {integer: ignore, error: ignore, value: ignore, message: ignore, push: ignore};
      const bytes = bytesOf(input);
      const half = bytes.length >> 1;
      for (const chunks of [[bytes], [bytes.subarray(0, half), bytes.subarray(half)]])
        refusing(
          thrown => thrown instanceof NotResp,
          () => {
            const reader = new RespReader(sink);
            for (const chunk of chunks) reader.feed(chunk);
          },
        );
    },
  },
  {
    name: 'api-question',
    samples: SAMPLES.queries,
    check(input) {
      const query = Object.fromEntries(new URLSearchParams(input));
      for (const {query: schema, body} of OPERATIONS)
        for (const each of [schema, body])
          if (each)
            refusing(
              thrown => thrown instanceof BadQuestion,
              () => void readRequest(each, query),
            );
    },
  },
  {
    name: 'setting',
    samples: SAMPLES.settings,
    check(input) {
      const env = Object.fromEntries(
        input.split('\n').map(line => {
          const [name = '', ...value] = line.split('=');
          return [name, value.join('=')];
        }),
      );
      for (const schema of Object.values(SCHEMAS))
        refusing(
          thrown => thrown instanceof CannotStart,
          () => void loadConfig(schema, env),
        );
    },
  },
  {
    name: 'request-head',
    samples: SAMPLES.heads,
    check(input) {
      const bytes = bytesOf(input);
      const so = readHead(bytes, 1);
      rule(so.kind !== 'incomplete' || bytes.length < HEAD_AT_MOST, 'a head is waited for without end');
      if (so.kind !== 'whole') return;
      const {headers, url = ' '} = so.head;
      rule(!/\s/.test(url), 'an address goes over more than one line');
      for (const [name, value] of Object.entries(headers))
        rule(name === name.toLowerCase() && !/[\r\n]{2}/.test(String(value)), 'a header is more than one');
    },
  },
  {
    name: 'address-of-a-caller',
    samples: SAMPLES.addresses,
    check(input) {
      const identity = identityOf(input);
      if (identity) rule(/^[0-9a-f]{32}$/.test(hashOf(identity, 'a key of sixteen or more')), 'the hash is no hash');
    },
  },
  API_REQUEST,
  ...FILE_KINDS,
];
