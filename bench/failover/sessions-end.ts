import {setTimeout as sleep} from 'node:timers/promises';
import {audioEvidence, sessionsOf, unheardFrames} from '../../tools/harness/audio-evidence.ts';
import {Load, lostCalls} from './load.ts';
import {type Plan, type Row, spread} from './stats.ts';

const LIMIT_S = 20;
const TALK_MS = 120_000;
const USUAL_MS = 30_000;

/** Sessions that the model ends after 20 s, under calls of two minutes: they are changed before that, between two turns. */
export async function sessionsEnd({calls}: Plan): Promise<Row[]> {
  const usual = await talk(calls, USUAL_MS, {}, {});
  const limit = {MODEL_SESSION_SECONDS: String(LIMIT_S)};
  const limited = await talk(calls, TALK_MS, limit, {SESSION_ROTATE_SECONDS: '10'});
  const {sessions, forgetful, unheard, lost, answers} = limited;
  return [
    {
      what: `model sessions of at most ${LIMIT_S} s under calls of ${TALK_MS / 60_000} minutes: question → answer`,
      goal: '0 caller audio lost; context kept; within + 300 ms',
      result: `${spread(answers)}, without a limit ${spread(usual.answers)}; ${sessions} sessions, ${forgetful} of them without what was said before; ${unheard} caller frames lost, ${lost} of ${calls} calls lost`,
    },
  ];
}

async function talk(calls: number, ms: number, model: Record<string, string>, env: Record<string, string>) {
  await using load = await Load.start(calls, {model, env});
  await sleep(ms);
  const reports = await load.hangUp();
  const heard = await audioEvidence(load.fleet);
  const bySession = reports.map(report => ({report, own: sessionsOf(heard, report)}));
  return {
    answers: load.talkers.flatMap(talker => talker.answers),
    lost: lostCalls(reports),
    sessions: heard.length,
    unheard: bySession.reduce((sum, {report, own}) => sum + unheardFrames(own, report).length, 0),
    forgetful: bySession.flatMap(({own}) => own.slice(1)).filter(({session}) => session.items[0]?.role !== 'assistant')
      .length,
  };
}
