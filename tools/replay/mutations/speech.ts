import type {Mutation} from './mutation.ts';

const WORKER = 'services/realtime-worker/src';

/** Who has the floor, what was heard of an answer, and what is said first. */
export const SPEECH_MUTATIONS: readonly Mutation[] = [
  {
    rule: 'short speech counts as an interruption',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'Math.max(lastsMs, this.#policy.minSpeechMs)',
    is: 'lastsMs',
  },
  {
    rule: 'a pause between two words ends the speech before it',
    file: `${WORKER}/barge-in/min-speech.ts`,
    was: 'const PAUSE_MS = 250;',
    is: 'const PAUSE_MS = 40;',
  },
  {
    rule: 'a caller who fell silent before it was decided interrupts',
    file: `${WORKER}/barge-in/min-speech.ts`,
    was: '!pending.isHeard || at - pending.heardAt > HEARD_LATELY_MS',
    is: 'false',
  },
  {
    rule: 'speech that lasted by the model, and not by the frames, does not interrupt',
    file: `${WORKER}/barge-in/min-speech.ts`,
    was: "? 'tooShort' : 'lasted'",
    is: "? 'tooShort' : 'tooShort'",
  },
  {
    rule: 'a noise ends a paused answer',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'spokenMs < this.#policy.noiseMs ? this.#resume(at, true) : this.#wasTurn(at)',
    is: 'this.#wasTurn(at)',
  },
  {
    rule: 'an answer that paused for a turn goes on',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'spokenMs < this.#policy.noiseMs ? this.#resume(at, true) : this.#wasTurn(at)',
    is: 'this.#resume(at, true)',
  },
  {
    rule: 'keys do not interrupt',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'return this.#policy.uninterruptible ? [] : this.#keyPressed(at);',
    is: 'return [];',
  },
  {
    rule: 'keys interrupt an assistant that always finishes',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'return this.#policy.uninterruptible ? [] : this.#keyPressed(at);',
    is: 'return this.#keyPressed(at);',
  },
  {
    rule: 'speech interrupts an assistant that always finishes',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: "if (this.#policy.uninterruptible) return [{do: 'uninterruptible'}];",
    is: '',
  },
  {
    rule: 'an answer that the caller has not heard yet is not stopped',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: "if (state === 'listening' && !mayBecomeAudible) return this.#silenceUnheard(at);",
    is: "if (state === 'listening' && !mayBecomeAudible) return [];",
  },
  {
    rule: 'an answer that we asked for while the caller spoke is played',
    file: `${WORKER}/barge-in/barge-in.ts`,
    was: 'const silenced = asked && isStoppable && this.#callerSpeaks;',
    is: 'const silenced = false;',
  },
  {
    rule: 'what still comes of an interrupted answer is played',
    file: `${WORKER}/barge-in/audible-responses.ts`,
    was: 'return this.#responses.get(responseId)?.silenced ?? false;',
    is: 'return false;',
  },
  {
    rule: 'a greeting is not protected',
    file: `${WORKER}/barge-in/greeting-protection.ts`,
    was: 'if (!greets || lastsMs === 0)',
    is: 'if (true)',
  },
  {
    rule: 'a click at the end of the protection stops the greeting',
    file: `${WORKER}/barge-in/greeting-protection.ts`,
    was: '{lastsMs: CLICK_MS, notBefore: until}',
    is: '{lastsMs: 0, notBefore: until}',
  },
  {
    rule: 'an end that is nearly heard is cut',
    file: `${WORKER}/playback/truncation.ts`,
    was: 'const IGNORED_REST_MS = 100;',
    is: 'const IGNORED_REST_MS = 0;',
  },
  {
    rule: 'a cut is where the audio ends, and not where it was heard to',
    file: `${WORKER}/playback/truncation.ts`,
    was: 'audioEndMs: Math.floor(Math.min(heard, received))',
    is: 'audioEndMs: Math.floor(received)',
  },
  {
    rule: 'an item that was heard and is not finished is not cut',
    file: `${WORKER}/playback/truncation.ts`,
    was: 'for (const itemId of unfinished) if (!heardMs.has(itemId)) heardMs.set(itemId, receivedMs(itemId));',
    is: '',
  },
  {
    rule: 'marks that come back too early are proofs',
    file: `${WORKER}/playback/playout-timeline.ts`,
    was: 'if (position > this.#runFrom && observed.at < this.#origin + position - EARLY_MS) {',
    is: 'if (false) {',
  },
  {
    rule: 'without marks an answer counts as heard half a minute late',
    file: `${WORKER}/playback/playout-timeline.ts`,
    was: 'const MAX_MARK_DELAY_MS = 2_000;',
    is: 'const MAX_MARK_DELAY_MS = 30_000;',
  },
  {
    rule: 'what a clear dropped counts as heard',
    file: `${WORKER}/playback/playback-ledger.ts`,
    was: 'const heard = Math.max(landed.length === 0 ? estimate : timeline.heardAt(stopped.at, extra), timeline.provenMs);',
    is: 'const heard = timeline.sentMs;',
  },
  {
    rule: 'what was not heard of a lost stream is not said again',
    file: `${WORKER}/playback/playback-ledger.ts`,
    was: 'const unheard = this.#timeline.after(this.#timeline.heardAt(at));',
    is: 'const unheard = this.#timeline.after(this.#timeline.sentMs);',
  },
  {
    rule: 'digital silence before the first word is played',
    file: `${WORKER}/playback/lead-in.ts`,
    was: 'if (isAudible || hasSpoken)',
    is: 'if (true)',
  },
  {
    rule: 'nobody is greeted',
    file: `${WORKER}/replies/pending-reply.ts`,
    was: "this.#greeting = assistant.greeting !== '' && restored?.greeted !== true;",
    is: 'this.#greeting = false;',
  },
  {
    rule: 'the next worker greets again',
    file: `${WORKER}/replies/pending-reply.ts`,
    was: "this.#greeting = assistant.greeting !== '' && restored?.greeted !== true;",
    is: "this.#greeting = assistant.greeting !== '';",
  },
  {
    rule: 'a disclosure that broke off is not said again',
    file: `${WORKER}/replies/disclosure.ts`,
    was: "if (this.#state === 'asked') this.#state = 'owed';",
    is: '',
  },
  {
    rule: 'the greeting comes before the disclosure',
    file: `${WORKER}/replies/disclosure.ts`,
    was: "return this.#state === 'owed';",
    is: 'return false;',
  },
  {
    rule: 'a disclosure can be interrupted while it is said',
    file: `${WORKER}/call/dialogue.ts`,
    was: 'if (this.#settings.assistant.digitsInterrupt && !disclosure.isOpen) {',
    is: 'if (this.#settings.assistant.digitsInterrupt) {',
  },
  {
    rule: 'the protection of a disclosure does not end when it was heard',
    file: `${WORKER}/call/dialogue.ts`,
    was: '...disclosed, ...floor.unprotect(at), ...this.afterwards(at)',
    is: '...disclosed, ...this.afterwards(at)',
  },
  {
    rule: 'a machine is talked with as a person',
    file: `${WORKER}/call/answering-machine.ts`,
    was: "return answeredBy.startsWith('machine_') || answeredBy === 'fax';",
    is: 'return false;',
  },
  {
    rule: 'what a machine says is answered',
    file: `${WORKER}/call/spoken-events.ts`,
    was: "if (what === 'unanswered' || machine.records)",
    is: "if (what === 'unanswered')",
  },
  {
    rule: 'noise stays in the memory of the model',
    file: `${WORKER}/call/spoken-events.ts`,
    was: "if (what === 'noise') return [toModel({do: 'delete', itemId}), ...replies.noTurn(at)];",
    is: "if (what === 'noise') return replies.noTurn(at);",
  },
];
