import {CANARIES} from '@voicebridge/shared/testing/canaries.ts';
import {TRY_ID} from '../../services/realtime-worker/src/health/model-watch.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {recognise, type Utterance} from './caller-voice.ts';
import type {RehearsalModel} from './rehearsal-model.ts';
import {scriptedModel} from './scripted-model.ts';
import {replyLines} from './story.ts';

/** The simulated model, which answers as the files say and understands these sentences. */
export async function startScriptedServer(utterances: readonly Utterance[]): Promise<RehearsalModel> {
  const server = await startFakeOpenAI({
    apiKey: CANARIES.modelKey,
    knobs: {tagged: true, speed: [5, 8]},
    transcribe: turn => recognise(utterances, turn),
  });
  return {
    url: server.url,
    apiKey: CANARIES.modelKey,
    begin({model}, tell) {
      const before = server.sessions.length;
      const script = scriptedModel(model);
      server.script = turn => {
        const reply = script(turn);
        replyLines(reply).forEach(tell);
        return reply;
      };
      const isOfCall = ({headers}: (typeof server.sessions)[number]) => headers['openai-safety-identifier'] !== TRY_ID;
      return () => ({sessions: server.sessions.slice(before).filter(isOfCall)});
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
