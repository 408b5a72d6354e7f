import type {Mutation} from './mutation.ts';

const WORKER = 'services/realtime-worker/src';

/** Tools, keys that are entered, transfers, and the end of a call. */
export const TOOL_MUTATIONS: readonly Mutation[] = [
  {
    rule: 'each result of tools that ran together is answered apart',
    file: `${WORKER}/tools/tool-results.ts`,
    was: 'if (running.isAwaited(responseId)) return {effects};',
    is: '',
  },
  {
    rule: 'the same call of a tool is run twice',
    file: `${WORKER}/tools/tool-calls.ts`,
    was: 'if (!seen.add(callId) || memory.has(itemId)) return {effects: []};',
    is: '',
  },
  {
    rule: 'a tool that an interrupted answer called is run',
    file: `${WORKER}/tools/tool-calls.ts`,
    was: 'if (isSilenced) return {effects: [...effects, ...closed(toolStopped(name), CALLER_SPOKE)]};',
    is: '',
  },
  {
    rule: 'a model may hang up before the caller has said anything',
    file: `${WORKER}/tools/tool-calls.ts`,
    was: 'memory.hasCaller ? undefined : tooSoon(name)',
    is: 'undefined',
  },
  {
    rule: 'a model may call tools without end',
    file: `${WORKER}/tools/rounds.ts`,
    was: "if (this.#count < this.#most) return 'fine';",
    is: "if (true) return 'fine';",
  },
  {
    rule: 'nothing is said while a tool runs',
    file: `${WORKER}/tools/running-calls.ts`,
    was: 'const words = tool.waiting && new WaitingWords(tool.waiting, since);',
    is: 'const words: WaitingWords | undefined = undefined;',
  },
  {
    rule: 'the words for the wait come at once',
    file: `${WORKER}/tools/waiting-words.ts`,
    was: 'return heardAt - Math.min(leadMs, Math.max(0, afterMs - QUICK));',
    is: 'return this.#since;',
  },
  {
    rule: 'tools that stop for a caller run on',
    file: `${WORKER}/tools/running-calls.ts`,
    was: 'return this.#take(({tool}) => tool.stopsForCaller === true);',
    is: 'return [];',
  },
  {
    rule: 'the model waits for a tool of the background',
    file: `${WORKER}/tools/running-calls.ts`,
    was: 'return all.some(call => !call.tool.isBackground &&',
    is: 'return all.some(call =>',
  },
  {
    rule: 'a result is not told to a session that did not make the call',
    file: `${WORKER}/conversation/model-context.ts`,
    was: "return call ? [...remembered, toModel({do: 'add', item: call}), added] : [...remembered, added];",
    is: 'return [...remembered, added];',
  },
  {
    rule: 'an entry has one digit more',
    file: `${WORKER}/tools/key-entries.ts`,
    was: 'return open.keys.length >= open.rule.max',
    is: 'return open.keys.length > open.rule.max',
  },
  {
    rule: 'too few digits are taken',
    file: `${WORKER}/tools/key-entries.ts`,
    was: 'if (keys.length < rule.min)',
    is: 'if (false)',
  },
  {
    rule: 'the star does not begin an entry anew',
    file: `${WORKER}/tools/key-entries.ts`,
    was: "if (key === ANEW) open.keys = '';",
    is: 'if (key === ANEW) open.keys += key;',
  },
  {
    rule: 'an entry that nobody makes is waited for for ever',
    file: `${WORKER}/tools/key-entries.ts`,
    was: "return keys === '' ? Math.max(since, audibleUntil) + rule.firstMs : since + rule.pauseMs;",
    is: "return keys === '' ? undefined : since + rule.pauseMs;",
  },
  {
    rule: 'keys before the question are lost',
    file: `${WORKER}/tools/key-entries.ts`,
    was: 'const {keys, noted} = this.#takeAhead();',
    is: 'const {keys, noted} = NO_KEYS;',
  },
  {
    rule: 'keys are told to the model sooner',
    file: `${WORKER}/call/dtmf.ts`,
    was: 'const PAUSE_MS = 1_500;',
    is: 'const PAUSE_MS = 500;',
  },
  {
    rule: 'the key # ends no number',
    file: `${WORKER}/call/dtmf.ts`,
    was: "this.#due = digit === '#' ? at : at + PAUSE_MS;",
    is: 'this.#due = at + PAUSE_MS;',
  },
  {
    rule: 'the line closes before the goodbye was heard',
    file: `${WORKER}/tools/closing-line.ts`,
    was: 'const isHeard = closeBy !== undefined && quiet && (!held || isFinal);',
    is: 'const isHeard = closeBy !== undefined;',
  },
  {
    rule: 'a caller who speaks into the goodbye is hung up on',
    file: `${WORKER}/tools/closing-line.ts`,
    was: 'if (goodbye && !goodbye.isFinal) this.#goodbye = undefined;',
    is: '',
  },
  {
    rule: 'a limit of money ends a call in mid-sentence',
    file: `${WORKER}/tools/closing-line.ts`,
    was: 'const closeBy = audibleUntil + MARK_LATE_MS;',
    is: 'const closeBy = 0;',
  },
  {
    rule: 'a limit of money can be talked away',
    file: `${WORKER}/tools/closing-line.ts`,
    was: 'const of = {callId: undefined, responseId: undefined, isFinal: true, isAudible: true} as const;',
    is: 'const of = {callId: undefined, responseId: undefined, isFinal: false, isAudible: true} as const;',
  },
  {
    rule: 'a caller is sent away before they have heard why',
    file: `${WORKER}/tools/departure.ts`,
    was: 'this.goodbye.sayMore(call.callId, audibleUntil, leaveOf(outcome));',
    is: 'this.goodbye.say(call.callId, responseId, audibleUntil, leaveOf(outcome));',
  },
  {
    rule: 'an operator may send away a caller who is about to go',
    file: `${WORKER}/tools/departure.ts`,
    was: 'if (this.isUnderWay) return [];',
    is: '',
  },
  {
    rule: 'a caller who is back is not told why',
    file: `${WORKER}/tools/departure.ts`,
    was: 'if (!over) return {effects: []};',
    is: 'if (over) return {effects: []};',
  },
  {
    rule: 'a caller whom nobody took stays away',
    file: `${WORKER}/tools/absence.ts`,
    was: "if (!state || state.phase === 'away' || at < state.phaseUntil) return undefined;",
    is: 'return undefined;',
  },
  {
    rule: 'a busy line is told as one that nobody answered',
    file: `${WORKER}/tools/absence.ts`,
    was: "busy: () => 'The line of the person is busy.',",
    is: 'busy: ({ringSeconds}) => `Nobody answered within ${ringSeconds} seconds.`,',
  },
];
