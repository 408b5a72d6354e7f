import {expect, test} from 'vitest';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {UNUSUAL_CALLERS} from '../../simulators/twilio/src/call/call-facts.ts';
import {haveHeard} from '../../tools/harness/callers.ts';
import {openBridge} from './bridge.ts';

test('a caller who speaks before any greeting, from a phone with ids of its own, is heard and answered', async () => {
  await using bridge = await openBridge({
    env: {TWILIO_VALIDATE: 'off'},
    twilio: {ids: 'own'},
    openai: {script: [[{say: {text: 'Hello, and what can I do for you?', audioMs: 800}}]]},
  });
  const report = await bridge.twilio.dial([
    {do: 'say', clip: 'caller-opening-hours'},
    {do: 'waitForSilence', ms: 400},
    {do: 'say', clip: 'caller-yes'},
    {do: 'waitForSilence', ms: 400},
    {do: 'hangUp'},
  ]).ended;
  expect(report).toMatchObject({endedBy: 'caller', violations: []});
  expect(report.callSid).toMatch(/^test_call-/);
  expect(report.streams.map(({streamSid}) => streamSid)).toEqual([expect.stringMatching(/^test_stream-/)]);
  const [session] = bridge.openai.sessions;
  expect(session?.refusals).toEqual([]);
  await expect
    .poll(async () => (await bridge.directory.read(CallSid.parse(report.callSid)))?.state, {timeout: 5_000})
    .toBe('ended');
});

test('a call has the identity of a SIP caller, and none for a withheld number', async () => {
  await using bridge = await openBridge({
    env: {NUMBERS: 'full', NUMBER_HASH_KEY: 'a key that nobody knows'},
    openai: {script: [[{say: {text: 'Hello.', audioMs: 300}}]]},
  });
  const callers = Object.entries(UNUSUAL_CALLERS);
  const known = await Promise.all(
    callers.map(async ([name, from]) => {
      const call = bridge.twilio.dial([{do: 'waitForAssistant'}, {do: 'waitForSilence', ms: 1_000}, {do: 'hangUp'}], {
        from,
      });
      // Nothing of them is left when the call has ended.
      await haveHeard([call]);
      const facts = (await bridge.directory.read(CallSid.parse(call.callSid)))?.facts ?? {};
      expect(await call.ended, name).toMatchObject({endedBy: 'caller', violations: []});
      return [name, facts['callerNumber'], facts['callerLastTwo'], facts['callerHash'] !== undefined];
    }),
  );
  const nobody = callers.slice(0, 7).map(([name]) => [name, undefined, undefined, false]);
  expect(known).toEqual([
    ...nobody,
    ['numberBySip', '+15550100001', '01', true],
    ['nameBySip', 'sip:ann@pbx.example.com', undefined, true],
  ]);
});
