import type {Mutation} from './mutation.ts';

const WORKER = 'services/realtime-worker/src';

/** How long anybody waits: for an answer, for a caller who says nothing, for the end of a limit. */
export const WAITING_MUTATIONS: readonly Mutation[] = [
  {
    rule: 'a silent model is asked again later',
    file: `${WORKER}/replies/answer-deadline.ts`,
    was: "{step: 'ask-again', share: 0.5}",
    is: "{step: 'ask-again', share: 0.65}",
  },
  {
    rule: 'a silent model gets no other session',
    file: `${WORKER}/replies/answer-deadline.ts`,
    was: "{step: 'new-session', share: 0.7}",
    is: "{step: 'new-session', share: 1}",
  },
  {
    rule: 'a caller who keeps saying “hello?” waits for ever',
    file: `${WORKER}/replies/answer-deadline.ts`,
    was: 'this.#carried = waited < PAUSE_MS ? 0 : waited;',
    is: 'this.#carried = 0;',
  },
  {
    rule: 'an answer that stops in mid-sentence is not finished',
    file: `${WORKER}/replies/replies.ts`,
    was: "if (this.#wentOn) return [{do: 'missed', cause: 'incomplete', step: 'accept', ...why}];",
    is: "if (true) return [{do: 'missed', cause: 'incomplete', step: 'accept', ...why}];",
  },
  {
    rule: 'an answer that stops again and again is asked for again and again',
    file: `${WORKER}/replies/replies.ts`,
    was: "if (this.#wentOn) return [{do: 'missed', cause: 'incomplete', step: 'accept', ...why}];",
    is: '',
  },
  {
    rule: 'after a content filter the model is asked to go on',
    file: `${WORKER}/replies/replies.ts`,
    was: "this.#live.rest(isFiltered ? 'filtered' : 'broken-off')",
    is: "this.#live.rest('broken-off')",
  },
  {
    rule: 'a rate limit is not waited for',
    file: `${WORKER}/replies/rate-limit.ts`,
    was: 'if (this.#inARow >= IN_A_ROW || leftMs > LONGEST_HOLD_MS) return undefined;',
    is: 'return undefined;',
  },
  {
    rule: 'a long rate limit is waited for in silence',
    file: `${WORKER}/replies/rate-limit.ts`,
    was: "const step = leftMs <= LONGEST_SILENCE_MS ? 'wait' : 'hold';",
    is: "const step = 'wait' as 'wait' | 'hold';",
  },
  {
    rule: 'two responses are asked for at a time',
    file: `${WORKER}/replies/response-sequencer.ts`,
    was: "if (this.#slot.state !== 'idle') return undefined;",
    is: '',
  },
  {
    rule: 'a turn that the server does not answer is not asked for',
    file: `${WORKER}/replies/response-sequencer.ts`,
    was: "this.#queue.unshift(slot.state === 'requested' ? slot.request : {cause: 'turn'});",
    is: "if (slot.state === 'requested') this.#queue.unshift(slot.request);",
  },
  {
    rule: 'a speech_stopped that was lost keeps the assistant silent',
    file: `${WORKER}/call/stuck-speech.ts`,
    was: 'const SILENT_MS = 3_000;',
    is: 'const SILENT_MS = 60_000;',
  },
  {
    rule: 'a silent caller is asked once too often',
    file: `${WORKER}/call/idle-prompt.ts`,
    was: 'const ASKED_AT_MOST = 2;',
    is: 'const ASKED_AT_MOST = 3;',
  },
  {
    rule: 'a silent caller is asked while they hear an answer',
    file: `${WORKER}/call/dialogue.ts`,
    was: 'unprompted.isQuiet(quiet && floor.streamOpen && this.#isIdle, at);',
    is: 'unprompted.isQuiet(floor.streamOpen && this.#isIdle, at);',
  },
  {
    rule: 'a call has no longest length',
    file: `${WORKER}/call/call-limits.ts`,
    was: 'this.#endsAt = limits.maxCallMs === 0 ? undefined : startedAt + limits.maxCallMs;',
    is: 'this.#endsAt = undefined;',
  },
  {
    rule: 'a call in which nobody speaks goes on',
    file: `${WORKER}/call/call-limits.ts`,
    was: 'this.#noSpeechMs = limits.noSpeechMs;',
    is: 'this.#noSpeechMs = 0;',
  },
];
