import {describe, test, vi} from 'vitest';
import {TRY_ID} from '../../services/realtime-worker/src/health/model-watch.ts';
import {haveEnded, haveSpoken} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {callMetrics} from '../../simulators/twilio/src/report/call-metrics.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {audioEvidence, sessionsOf, unheardFrames} from '../../tools/harness/audio-evidence.ts';

const CALLS = 4;
/** They are patient: a break in an answer, while another session is opened, is not its end. */
const asks: CallerScript = [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-opening-hours'},
  {do: 'waitForSilence', ms: 3_000},
  {do: 'say', clip: 'caller-yes'},
  {do: 'waitForSilence', ms: 300},
  {do: 'hangUp'},
];
const model = {
  MODEL_FIRST_DELTA_MS: '200',
  MODEL_SPEED: '2',
  MODEL_DELTA_MS: '100',
  MODEL_KNOBS: '{"transcriptionMs":[50,100]}',
};

describe.concurrent('callers whose model', () => {
  test('drops its sockets during a reply go on with another session that knows the conversation', async ({expect}) => {
    await using fleet = await ProcessFleet.start({edges: 1, workers: 1, model});
    const calls = Array.from({length: CALLS}, () => fleet.twilio.dial(asks));
    await haveSpoken(calls);
    await vi.waitFor(() => expect(calls.every(call => call.hearsAssistant)).toBe(true), {
      timeout: 30_000,
      interval: 20,
    });
    const before = await fleet.sessions();
    await Promise.all(before.map(({id}) => fleet.closeSession(id, 'reset')));
    const reports = await haveEnded(calls);
    const after = (await fleet.sessions()).slice(before.length);
    expect(after).toHaveLength(CALLS);
    for (const session of after) {
      // The greeting, the question, and what was heard of the answer.
      const texts = session.items.map(item => [item.role, item.text || item.transcript]);
      expect(texts[0]?.[0]).toBe('assistant');
      expect(texts[1]).toEqual(['user', expect.stringMatching(/opening hours/)]);
      expect(texts[2]?.[0]).toBe('assistant');
      expect(session.refusals).toEqual([]);
      // The broken reply is resumed, and the next question is answered, without another greeting.
      expect(session.responses.map(response => response.status)).toEqual(['completed', 'completed']);
    }
    for (const report of reports) {
      expect(report.violations).toEqual([]);
      expect(report.endedBy).toBe('caller');
      expect(callMetrics(report).answerMs).toHaveLength(2);
    }
  });

  test('ends each session after 30 s go on talking through the changes, and are heard to the last frame', async ({
    expect,
  }) => {
    await using fleet = await ProcessFleet.start({
      edges: 1,
      workers: 1,
      model: {...model, MODEL_SESSION_SECONDS: '30'},
      env: {SESSION_ROTATE_SECONDS: '6'},
    });
    const calls = Array.from({length: CALLS}, (_, tag) => fleet.twilio.dial(asks, {tag}));
    const reports = await haveEnded(calls);
    // Each session is left before the server ends it, the last one too.
    await vi.waitFor(
      async () => {
        for (const session of await fleet.sessions()) expect(session.closeCode).toBe(1000);
      },
      {timeout: 30_000},
    );
    const heard = await audioEvidence(fleet);
    for (const report of reports) {
      expect(report.violations).toEqual([]);
      expect(report.endedBy).toBe('caller');
      const sessions = sessionsOf(heard, report);
      expect(sessions.length).toBeGreaterThan(1);
      expect(unheardFrames(sessions, report)).toEqual([]);
      for (const {stretches, session} of sessions) {
        expect(stretches).toHaveLength(1);
        expect(session.refusals).toEqual([]);
      }
      expect(sessions[1]!.session.items[0]?.role).toBe('assistant');
      expect(callMetrics(report).answerMs).toHaveLength(2);
    }
  });

  test('refuses the key or has no quota left are told so by Twilio or sent on, without a retry loop', async ({
    expect,
  }) => {
    const say = 'The assistant cannot speak.';
    await using fleet = await ProcessFleet.start({edges: 1, workers: 1, model, env: {MODEL_DOWN_SAY: say}});
    const sendsOn = await fleet.addNumber({MODEL_DOWN_TARGET: '+15550100009'});
    const attempts = async () => {
      const answer = await fetch(new URL('/refused', fleet.model.url));
      const refused = (await answer.json()) as {safetyIdentifier: string | null}[];
      const ofCallers = refused.filter(({safetyIdentifier}) => safetyIdentifier !== TRY_ID);
      return (await fleet.sessions()).length + ofCallers.length;
    };
    for (const [knob, value] of [
      ['upgradeStatus', 401],
      ['closeAfterAccept', {code: 3000, reason: 'invalid_request_error.invalid_api_key'}],
      ['failResponses', 'insufficient_quota'],
    ] as const) {
      await fleet.setKnobs({[knob]: value});
      const before = await attempts();
      const [told, sentOn] = await Promise.all([fleet.twilio, sendsOn].map(number => number.dial([]).ended));
      expect(told!.handedTo).toEqual([]);
      expect(sentOn!.handedTo).toEqual(['Dial: Number: +15550100009']);
      for (const report of [told!, sentOn!]) {
        expect(report.violations).toEqual([]);
        expect(report.saidByTwilio).toEqual([say]);
        expect(report.endedBy).toBe('platform');
        expect(report.streams.length).toBeLessThanOrEqual(1);
        expect(report.endedAt - report.startedAt).toBeLessThan(20_000);
      }
      expect((await attempts()) - before).toBeLessThanOrEqual(4);
      await fleet.setKnobs({[knob]: null});
    }
  });
});
