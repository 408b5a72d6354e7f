import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {Cancel} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {VOICE} from '../testing/call.ts';
import {decibels, joinBase64, loudness, mulawSamples, pcmSamples, pcmTone} from '../testing/pcm.ts';
import {ScriptedModel} from '../testing/scripted-model.ts';
import {takenCall} from '../testing/taken-call.ts';

const SPOKEN_HZ = 440;

/** A call whose phone plays what it is sent, returns marks as Twilio does, and sends a frame of the caller every 20 ms. */
async function callOnThePhone(model: ScriptedModel) {
  const call = await takenCall({adapter: model});
  const {clock, stream} = call;
  const payloads: string[] = [];
  let [playsUntil, startedAt, playedMs] = [0, 0, 0];
  let waiting: {readonly name: string; readonly cancel: Cancel}[] = [];
  const returnMark = (name: string) => stream.send({kind: 'mark', name});
  const markAt = (at: number, name: string) => {
    const cancel = clock.after(at - clock.now(), () => {
      waiting = waiting.filter(mark => mark.name !== name);
      returnMark(name);
    });
    waiting.push({name, cancel});
  };
  stream.onFrame(frame => {
    const now = clock.now();
    if (frame.kind === 'audio') {
      payloads.push(frame.payload);
      if (playsUntil <= now) startedAt = now;
      playsUntil = Math.max(playsUntil, now) + msOfBase64(frame.payload);
      markAt(playsUntil, frame.mark);
    }
    if (frame.kind === 'mark') markAt(Math.max(playsUntil, now), frame.name);
    if (frame.kind === 'clear') {
      playedMs = now - startedAt;
      playsUntil = now;
      for (const {name, cancel} of waiting.splice(0)) {
        cancel();
        returnMark(name);
      }
    }
  });
  let timestamp = 0;
  /** The caller speaks, or waits in silence. */
  const pass = async (ms: number, payload = Buffer.alloc(160, 0xff).toString('base64')) => {
    for (let passed = 0; passed < ms; passed += 20) {
      stream.send({kind: 'audio', timestamp, payload});
      timestamp += 20;
      await clock.advanceAsync(20, 5);
    }
  };
  return {...call, pass, payloads, playedMs: () => playedMs};
}

/** A whole call: a question, an answer of three seconds that the caller interrupts, and the end. */
async function wholeCall(model: ScriptedModel, reply: (ms: number) => string) {
  const call = await callOnThePhone(model);
  const {modelSession: session, pass, stream} = call;
  await pass(500, VOICE);
  session.emit({type: 'callerSpoke', itemId: 'u1', fromMs: 0}, {type: 'callerStopped', itemId: 'u1', untilMs: 500});
  session.emit({type: 'turnCommitted', itemId: 'u1'}, {type: 'responseStarted', responseId: 'r1', tag: undefined});
  for (let said = 0; said < 3_000; said += 100)
    session.emit({type: 'audio', responseId: 'r1', itemId: 'i1', payload: reply(100)});
  session.emit({type: 'audioEnded', itemId: 'i1'});
  session.emit({type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined});
  await pass(1_240);
  await pass(60, VOICE);
  session.emit({type: 'callerSpoke', itemId: 'u2', fromMs: 1_740});
  await pass(400, VOICE);
  stream.send({kind: 'ended', why: 'hungUp'});
  await call.clock.advanceAsync(3_000, 50);
  return {...call, outcome: await call.session.outcome};
}

const pcmModel = () => new ScriptedModel({audio: {encoding: 'pcm16', rateHz: 24_000}});
/** 100 ms of a tone that goes on without a break: 440 Hz has 44 whole periods in it. */
const pcmReply = (ms: number) => pcmTone(24_000, ms, SPOKEN_HZ);

test('a model that speaks PCM at 24 kHz hears the caller in PCM, as loud and as long as they spoke', async () => {
  const {modelSession} = await wholeCall(pcmModel(), pcmReply);
  const given = modelSession.commandsOf('hear').flatMap(({payload}) => pcmSamples(payload));
  const spoken = given.slice(10 * 24, 490 * 24);
  expect(Math.abs(decibels(loudness(spoken) / loudness(mulawSamples(VOICE))))).toBeLessThan(1);
  expect(loudness(given.slice(510 * 24, 1_700 * 24))).toBe(0);
  expect(given.length % 24).toBe(0);
});

test('a caller hears what a PCM model says, as loud as it was, without a sample more or less', async () => {
  const {payloads} = await wholeCall(pcmModel(), pcmReply);
  const heard = mulawSamples(joinBase64(payloads));
  expect(heard).toHaveLength(3_000 * 8);
  expect(Math.abs(decibels(loudness(heard) / loudness(pcmSamples(pcmReply(100)))))).toBeLessThan(0.3);
});

test('a caller who interrupts a PCM model has it told to the millisecond what they heard', async () => {
  const {modelSession, playedMs, outcome} = await wholeCall(pcmModel(), pcmReply);
  const cuts = modelSession.commandsOf('truncate');
  expect(cuts).toEqual([{do: 'truncate', itemId: 'i1', audioEndMs: playedMs()}]);
  expect(playedMs()).toBeGreaterThan(1_200);
  expect(outcome).toMatchObject({how: 'ended', reason: 'caller.hung-up'});

  const mulaw = await wholeCall(new ScriptedModel(), ms => Buffer.alloc(ms * 8, 0x30).toString('base64'));
  expect(mulaw.modelSession.commandsOf('truncate')).toEqual(cuts);
});
