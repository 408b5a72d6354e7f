import type {Mutation} from './mutation.ts';

const WORKER = 'services/realtime-worker/src';
const EDGE = 'services/media-edge/src';

/** Streams, workers and sessions that are lost, replaced or handed over. */
export const FAILURE_MUTATIONS: readonly Mutation[] = [
  {
    rule: 'a session is replaced in mid-sentence',
    file: `${WORKER}/call/dialogue.ts`,
    was: 'return this.#isIdle && this.floor.quiet(at);',
    is: 'return true;',
  },
  {
    rule: 'a session that is too old is kept',
    file: `${WORKER}/call/model-lifecycle.ts`,
    was: "return {do: 'openSpare'};\n  }\n\n  /** Whether the spare",
    is: 'return undefined;\n  }\n\n  /** Whether the spare',
  },
  {
    rule: 'a lost session is not opened again at once',
    file: `${WORKER}/call/model-lifecycle.ts`,
    was: 'const REOPEN_AFTER_MS = [0, 100, 300, 700, 1_500, 3_000, 3_000];',
    is: 'const REOPEN_AFTER_MS = [700, 1_500, 3_000, 3_000];',
  },
  {
    rule: 'a model that refuses for good is tried again',
    file: `${WORKER}/call/model-lifecycle.ts`,
    was: "if (after === undefined || (isFatal(cause) && spare.state !== 'ready')) {",
    is: 'if (after === undefined) {',
  },
  {
    rule: 'an answer that broke off with its session is given up',
    file: `${WORKER}/replies/pending-reply.ts`,
    was: 'this.#brokenOff = brokenOff ?? this.#brokenOff;',
    is: '',
  },
  {
    rule: 'a caller who waited when the session was lost gets no answer',
    file: `${WORKER}/replies/pending-reply.ts`,
    was: 'this.#answer = answer;',
    is: 'this.#answer = false;',
  },
  {
    rule: 'the next session is given words that were not heard',
    file: `${WORKER}/conversation/conversation.ts`,
    was: 'const text = heardWords(item.text, cut).trim();',
    is: 'const text = item.text.trim();',
  },
  {
    rule: 'the next session is not told what was said',
    file: `${WORKER}/conversation/conversation.ts`,
    was: "const answered = new Set(this.#items.flatMap(({item}) => (item.kind === 'toolResult' ? [item.callId] : [])));\n    const called",
    is: "if (this.#items.length > 0) return [];\n    const answered = new Set(this.#items.flatMap(({item}) => (item.kind === 'toolResult' ? [item.callId] : [])));\n    const called",
  },
  {
    rule: 'a hand-over does not wait for the end of a sentence',
    file: `${WORKER}/call/call-core.ts`,
    was: 'this.#handOverBy ??= at + HAND_OVER_WITHIN_MS;',
    is: 'this.#handOverBy ??= at;',
  },
  {
    rule: 'a hand-over waits for ever',
    file: `${WORKER}/call/call-core.ts`,
    was: 'const overdue = this.#handOverBy !== undefined && at >= this.#handOverBy;',
    is: 'const overdue = false;',
  },
  {
    rule: 'a call without a stream ends at once',
    file: `${WORKER}/call/stream-grace.ts`,
    was: 'const soonest = at + this.#graceMs;',
    is: 'const soonest = at;',
  },
  {
    rule: 'nobody asks a caller whom nobody could hear',
    file: `${WORKER}/call/unheard-caller.ts`,
    was: 'this.#mayWait = true;',
    is: '',
  },
  {
    rule: 'a key that two workers were told of counts twice',
    file: `${WORKER}/call/keypad.ts`,
    was: 'if (number !== undefined && known !== undefined && number <= known) return false;',
    is: '',
  },
  {
    rule: 'an edge does not tell the next worker what came while there was none',
    file: `${EDGE}/worker-link/worker-link.ts`,
    was: 'for (const frame of this.#history.since({settledMs, digits})) end.send(frame);',
    is: '',
  },
  {
    rule: 'audio that has not arrived counts as heard',
    file: `${WORKER}/playback/playback-ledger.ts`,
    was: 'this.#timeline.undelivered(since, leftAt);\n    for',
    is: 'for',
  },
  {
    rule: 'an edge that drains keeps its stream',
    file: `${EDGE}/leg/call-leg.ts`,
    was: "if (written) this.#finish('moved', {code: 1000, reason: 'migrate'});",
    is: 'if (written) void 0;',
  },
  {
    rule: 'the worker goes on with a call after the caller hung up',
    file: `${WORKER}/call/stream-control.ts`,
    was: "if (why === 'hungUp') return [{do: 'end', reason: 'caller.hung-up'}];",
    is: '',
  },
];
