import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Millis} from '@voicebridge/shared/time.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallerKnobs} from '../../simulators/openai/src/knobs/caller-knobs.ts';
import type {Knobs} from '../../simulators/openai/src/knobs/knobs.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {dialOdd, evidenceOf, type OddCall, type OddCallTruth} from '../../tools/harness/evidence/odd-call.ts';

/** The longest wait of a caller: six seconds, and the time that a machine needs which carries all of these calls. */
const LONGEST_MS = 7_000;
/** The script of a caller who is not answered. */
const GIVES_UP_AFTER_MS = 90_000;
const SAY = 'The assistant cannot speak.';
const GOOD: Partial<Knobs> = {};

const asks: CallerScript = [
  {do: 'waitForSilence', ms: 400},
  {do: 'say', clip: 'caller-opening-hours'},
  {do: 'waitForSilence', ms: 400},
  {do: 'hangUp'},
];
const asksTwice: CallerScript = [
  ...asks.slice(0, -1),
  {do: 'say', clip: 'caller-yes'},
  {do: 'waitForSilence', ms: 300},
  {do: 'hangUp'},
];
const staysOn: CallerScript = [];
const interrupts: CallerScript = [
  {do: 'waitForSilence', ms: 400},
  {do: 'say', clip: 'caller-opening-hours'},
  {do: 'interruptAfter', ms: 900, clip: 'caller-interrupts'},
  {do: 'waitForSilence', ms: 400},
  {do: 'hangUp'},
];

/** Once with the greeting, once with an answer. */
const once = (fault: Knobs['answerFaults'][number], more: Partial<Knobs> = {}): CallerKnobs => ({
  first: {answerFaults: [fault, 'none', fault], ...more},
  later: GOOD,
});
const always = (knobs: Partial<Knobs>): CallerKnobs => ({first: knobs});
const everyAnswer = (fault: NonNullable<Knobs['everyAnswer']>) => always({everyAnswer: fault});

interface Row {
  /** A caller … */
  readonly who: string;
  readonly model: CallerKnobs;
  readonly script: CallerScript;
  /** `late`: how late a phone was at most. */
  readonly check: (truth: OddCallTruth, late: Millis) => void;
}

const rows: readonly Row[] = [
  {
    who: 'whose model answers with nothing is answered when it was asked again',
    model: once('empty'),
    script: asks,
    check: truth => {
      isAnswered(truth);
      expectSteps(truth, ['empty ask-again', 'empty ask-again']);
    },
  },
  {
    who: 'whose model answers in text is answered when it was asked again',
    model: once('text'),
    script: asks,
    check: truth => {
      isAnswered(truth);
      expectSteps(truth, ['text ask-again', 'text ask-again']);
    },
  },
  {
    who: 'whose model sends digital silence for speech is answered all the same',
    model: once('silence'),
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose model stops in mid-sentence at its limit hears the rest',
    model: once('max-tokens'),
    script: asks,
    check: truth => {
      isAnswered(truth);
      if (movesOf(truth) === 0) expect(steps(truth)).toContain('incomplete ask-again');
    },
  },
  {
    who: 'whose answer a filter holds back from its first word is answered when it was asked again',
    model: once('content-filter-at-once'),
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose model calls a function without a name is answered',
    model: once('nameless-call'),
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose model calls a function by a name of 120 characters is answered, and the record can be written',
    model: once('long-name-call'),
    script: asks,
    check: truth => {
      isAnswered(truth);
      expect(truth.lines.filter(({level}) => level === 'error')).toEqual([]);
    },
  },
  {
    who: 'whose model never says that an answer began is answered',
    model: always({everyAnswer: 'no-created'}),
    script: asksTwice,
    check: isAnswered,
  },
  {
    who: 'whose model says that an answer began and then nothing is answered by another session',
    model: {first: {everyAnswer: 'hangs-for-good'}, later: GOOD},
    script: asks,
    check: truth => {
      isAnswered(truth);
      expectSteps(truth, ['stalled ask-again', 'stalled new-session']);
    },
  },
  {
    who: 'whose every model session hangs is told so within seven seconds',
    model: everyAnswer('hangs-for-good'),
    script: staysOn,
    check: truth => {
      isTold(truth, 'platform.model-silent');
      expectSteps(truth, ['stalled ask-again', 'stalled new-session', 'stalled give-up']);
    },
  },
  {
    who: 'whose model stops in mid-speech for good hears the rest from another session',
    model: {first: {everyAnswer: 'stalls-for-good'}, later: GOOD},
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose question is swallowed is answered when the model was asked again',
    model: {first: {answerFaults: ['none', 'swallowed']}},
    script: asks,
    check: (truth, late) => {
      isAnswered(truth);
      expect(longest(truth)).toBeLessThan(4_000 * owners(truth) + late);
    },
  },
  {
    who: 'whose model never answers anything is told so',
    model: everyAnswer('swallowed'),
    script: staysOn,
    check: truth => isTold(truth, 'platform.model-silent'),
  },
  {
    who: 'whose model has an error of its own and no answer is answered when it was asked again',
    model: {first: {answerFaults: ['server-error', 'none', 'server-error']}},
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose every answer fails is told so, and three requests are the end of it',
    model: everyAnswer('fails'),
    script: staysOn,
    check: truth => {
      isTold(truth, 'platform.model-silent');
      expect(truth.mostResponses).toBeLessThanOrEqual(3 * owners(truth));
    },
  },
  {
    who: 'whose every answer fails in mid-speech is told so, and nothing is tried without end',
    model: everyAnswer('fails-in-mid-speech'),
    script: staysOn,
    check: truth => {
      isTold(truth, 'platform.model-silent');
      expect(truth.mostResponses).toBeLessThanOrEqual(4 * owners(truth));
    },
  },
  {
    who: 'whose model is busy for 1.2 seconds is answered as soon as it said, and not asked before',
    model: {first: {answerFaults: ['none', 'rate-limited'], rateLimitMs: [1_200, 1_200]}},
    script: asks,
    check: truth => {
      isAnswered(truth);
      expectSteps(truth, ['rate-limited wait']);
      if (movesOf(truth) === 0) expect(truth.sessions.flatMap(({faults}) => faults)).toHaveLength(1);
    },
  },
  {
    who: 'whose model speaks the retired beta protocol is told at once',
    model: always({betaNames: true}),
    script: staysOn,
    check: truth => isTold(truth, 'platform.model-refused'),
  },
  {
    who: 'whose model never echoes metadata is greeted once and answered twice',
    model: always({metadata: 'null'}),
    script: asksTwice,
    check: truth => {
      isAnswered(truth);
      if (movesOf(truth) === 0) expect(truth.sessions.flatMap(({responses}) => responses)).toHaveLength(3);
    },
  },
  {
    who: 'whose model refuses metadata is greeted and answered',
    model: always({metadata: 'refused'}),
    script: asks,
    check: isAnswered,
  },
  {
    who: 'whose model calls a tool in every answer is told in the end, after eight rounds',
    model: everyAnswer('tool-call'),
    script: staysOn,
    check: truth => {
      isTold(truth, 'platform.model-silent');
      expect(truth.mostResponses).toBeLessThanOrEqual(12 * owners(truth));
    },
  },
  {
    who: 'whose model counts no tokens is answered, time after time',
    model: always({usage: 'null'}),
    script: asksTwice,
    check: isAnswered,
  },
  {
    who: 'whose model does not say where speech began interrupts it all the same',
    model: always({
      mutations: [{event: 'input_audio_buffer.speech_started', path: 'audio_start_ms', how: 'removed'}],
    }),
    script: interrupts,
    check: truth => {
      isAnswered(truth);
      expect(
        truth.report.streams.flatMap(({clears}) => clears.filter(({discardedBytes}) => discardedBytes > 0)),
      ).toHaveLength(1);
    },
  },
  {
    who: 'whose model never says that an answer is over is answered, time after time',
    model: always({mutations: [{event: 'response.done', path: '', how: 'removed'}]}),
    script: asksTwice,
    check: isAnswered,
  },
  {
    who: 'who says goodbye to a model whose goodbye never ends hears it, and the line is closed',
    model: always({mutations: [{event: 'response.done', path: '', how: 'removed'}]}),
    script: [
      {do: 'waitForSilence', ms: 400},
      {do: 'say', clip: 'caller-goodbye'},
    ],
    check: ({report, endReason}) => {
      expect(report.endedBy).toBe('platform');
      expect(endReason).toBe('assistant.hung-up');
    },
  },
  {
    who: 'whose model damages one event in ten is answered, or told',
    model: always({mutations: [{event: '*', path: '*', how: 'any', rate: 0.1}]}),
    script: asksTwice,
    check: truth => expect(['caller', 'platform']).toContain(truth.report.endedBy),
  },
  {
    who: 'whose model closes the session with a code of its own in mid-call goes on in another',
    model: {first: {closeAfter: {ms: [2_500, 2_500], code: 4_321, reason: 'maintenance'}}, later: GOOD},
    script: asksTwice,
    check: truth => {
      isAnswered(truth);
      if (movesOf(truth) > 0) return;
      expect(truth.sessions[0]?.closeCode).toBe(4_321);
      expect(truth.sessions).toHaveLength(2);
    },
  },
  {
    who: 'whose answer another one has overtaken hears that one, at once',
    model: {first: {answerFaults: ['slot-taken', 'none', 'slot-taken']}},
    script: asks,
    check: (truth, late) => {
      isAnswered(truth);
      expect(longest(truth)).toBeLessThan(3_000 * owners(truth) + late);
    },
  },
  {
    who: 'whose words cannot be written down is answered, and the operator is told once',
    model: always({failTranscription: 'DeploymentNotFound'}),
    script: asksTwice,
    check: truth => {
      isAnswered(truth);
      expect(truth.lines.filter(({msg}) => msg === 'the caller was not transcribed')).toHaveLength(1);
    },
  },
];

describe('a caller', () => {
  let fleet: ProcessFleet;
  const calls = new Map<Row, OddCall>();
  const givenUp: NodeJS.Timeout[] = [];
  const truths = new Map<Row, Promise<OddCallTruth>>();

  // All call at once, because most of the time is silence.
  beforeAll(async () => {
    fleet = await ProcessFleet.start({
      edges: 1,
      workers: 2,
      // The model tells callers apart by a hash of their numbers.
      env: {MODEL_DOWN_SAY: SAY, NUMBER_HASH_KEY: 'a key of the test for hashes'},
      model: {
        MODEL_TAGGED: 'on',
        MODEL_FIRST_DELTA_MS: '200',
        MODEL_SPEED: '6',
        MODEL_KNOBS: '{"transcriptionMs":[50,100]}',
      },
    });
    for (const [index, row] of rows.entries()) {
      const call = await dialOdd(fleet, row.model, row.script, `+1555777${String(index).padStart(4, '0')}`);
      calls.set(row, call);
      givenUp.push(setTimeout(() => call.call.hangUp(), GIVES_UP_AFTER_MS));
      truths.set(row, evidenceOf(fleet, call));
    }
  });
  afterAll(async () => {
    for (const timer of givenUp) clearTimeout(timer);
    for (const {call} of calls.values()) call.hangUp();
    await fleet?.[Symbol.asyncDispose]();
  });

  test.each(rows.map(row => [row.who, row] as const))('%s', async (_, row) => {
    const truth = await truths.get(row)!;
    expect(truth.report.violations).toEqual([]);
    const late = fleet.twilio.lag.max;
    // A living worker that gets no processor time looks dead, and its calls move.
    if (!fleet.machineIsBusy) expect(movesOf(truth)).toBe(rescuesOf(truth));
    expect(rescuesOf(truth)).toBeLessThanOrEqual(1);
    expect(longest(truth)).toBeLessThan(LONGEST_MS * owners(truth) + late);
    row.check(truth, late);
  });

  test('who misses an answer is counted in the metrics, by cause and by what was done', async () => {
    await Promise.all(truths.values());
    const texts = await Promise.all(
      fleet.workers.map(async worker => (await fetch(new URL('/metrics', worker.url))).text()),
    );
    const counted = texts.flatMap(text => [
      ...text.matchAll(/voicebridge_answers_missed_total\{[^}]*cause="([^"]+)",step="([^"]+)"[^}]*\} (\d+)/g),
    ]);
    const counts = new Map<string, number>();
    for (const [, cause, step, number] of counted) {
      const key = `${cause} ${step}`;
      counts.set(key, (counts.get(key) ?? 0) + Number(number));
    }
    const logged = (await Promise.all(truths.values())).flatMap(steps);
    for (const key of new Set(logged)) {
      expect([key, counts.get(key)]).toEqual([key, logged.filter(each => each === key).length]);
    }
  });
});

const longest = ({silences}: OddCallTruth) => Math.max(...silences.map(({ms}) => ms));

/** How often the call went to another worker. */
const movesOf = ({lines}: OddCallTruth) =>
  lines.filter(({cause, msg}) => msg === 'call taken' && cause !== 'new').length;
/** How often a worker that the model refused left the call to one that could use the model. */
const rescuesOf = ({lines}: OddCallTruth) => lines.filter(({why}) => why === 'another worker can use the model').length;
/** Each owner of a call waits for its model anew. */
const owners = (truth: OddCallTruth) => 1 + movesOf(truth);

/** What one worker did. A call that moved has a part of what each of its workers did. */
function expectSteps(truth: OddCallTruth, expected: readonly string[]): void {
  if (movesOf(truth) === 0) expect(steps(truth)).toEqual(expected);
}

/** What the worker did about missing answers, by its log. */
function steps({lines}: OddCallTruth): string[] {
  return lines
    .filter(({msg}) => msg === 'no answer for the caller')
    .map(({cause, step}) => `${String(cause)} ${String(step)}`);
}

/** Every word of theirs was answered, and the caller ended the call. */
function isAnswered({report, silences, endReason}: OddCallTruth): void {
  expect(report.endedBy).toBe('caller');
  expect(report.saidByTwilio).toEqual([]);
  expect(silences.map(({ended}) => ended)).not.toContain('call');
  expect(endReason).toBe('caller.hung-up');
}

function isTold({report, endReason}: OddCallTruth, reason: string): void {
  expect(report.saidByTwilio).toEqual([SAY]);
  expect(report.endedBy).toBe('platform');
  expect(endReason).toBe(reason);
}
