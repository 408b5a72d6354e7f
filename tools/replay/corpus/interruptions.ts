import type {SceneOptions} from '../scene.ts';
import {nextTurn, say, talks} from './replies.ts';

/** Calls in which a rule of interruption decides otherwise than in the simplest of them. */
export const INTERRUPTIONS: readonly SceneOptions[] = [
  {
    // Two words with a pause between them are long enough together, and neither is alone.
    name: 'pause-between-two-words',
    assistant: {interruption: {minSpeechMs: 500}},
    script: () => say(6_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(300);
      await scene.waits(140);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // It pauses for something that may be a noise, and it is a turn.
    name: 'paused-for-a-turn',
    assistant: {interruption: {mode: 'resume', noiseMs: 600}},
    script: () => say(5_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(1_400);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'keys-over-one-that-always-finishes',
    assistant: {interruption: {never: true}},
    script: () => say(4_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(900);
      await scene.presses('12#');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // The caller goes on before anything of the answer is audible.
    name: 'goes-on-before-the-answer',
    assistant: {interruption: {mode: 'resume', noiseMs: 300}},
    script: talks,
    knobs: {firstDeltaMs: [1_500, 1_500]},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.waits(900);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // The model speaks more slowly than it is played: all that came is heard, and more would come.
    name: 'interrupts-a-slow-model',
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 6_000),
    knobs: {speed: [0.6, 0.6], deltaMs: [400, 400]},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(2_500);
      await scene.says(1_200);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // A server that sends silence first would delay each word of the answer.
    name: 'silence-before-the-answer',
    script: ({kind}) => (kind === 'greeting' ? say(1_200) : [{silence: 2_400}, ...say(3_000)]),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_200);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'answer-of-silence',
    script: talks,
    knobs: {answerFaults: ['none', 'silence']},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // The next session is told no more than the caller heard.
    name: 'session-lost-after-an-interruption',
    script: () => say(5_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_300);
      await scene.says(1_000);
      await scene.isTold();
      scene.model.breakSession();
      await scene.waits(1_000);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'session-lost-before-the-answer',
    script: talks,
    knobs: {firstDeltaMs: [1_500, 1_500]},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.waits(900);
      scene.model.breakSession();
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // The carrier returns all marks at once, long before their audio was played.
    name: 'marks-that-come-too-early',
    marks: {flushedAfterMs: 900},
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 6_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(2_000);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'speech-of-which-the-end-is-lost',
    assistant: {idle: {promptSeconds: 4}},
    script: talks,
    knobs: {
      mutations: [
        {event: 'input_audio_buffer.speech_stopped', path: '', how: 'removed'},
        {event: 'input_audio_buffer.committed', path: '', how: 'removed'},
      ],
    },
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_200);
      await scene.waits(9_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'garbled-model',
    script: talks,
    knobs: {
      mutations: [
        {event: 'response.*', path: '*', how: 'any', rate: 0.08},
        {event: 'conversation.*', path: '*', how: 'any', rate: 0.2},
        {event: 'input_audio_buffer.*', path: '*', how: 'any', rate: 0.1},
      ],
    },
    async caller(scene) {
      await scene.isTold();
      for (let turns = 0; turns < 4; turns += 1) await nextTurn(scene);
      scene.hangsUp();
    },
  },
];
