import {unreachable} from '@voicebridge/shared/errors.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, toModel} from '../events/call-effect.ts';
import type {TurnCause} from '../journal/turn-log.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {isAudible} from '../playback/digital-silence.ts';
import type {Cause} from '../replies/response-sequencer.ts';
import type {DialogueParts} from './dialogue-parts.ts';

/** Model events that are about what is said; the others are about the session itself. */
export type SpokenEvent = Exclude<ModelEvent, {type: 'ready' | 'lost' | 'mended' | 'callerSpoke' | 'callerStopped'}>;

/** What the model says, and what it makes of the caller's words: each event goes to the parts that it concerns. */
export class SpokenEvents {
  readonly #parts: DialogueParts;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
  }

  on(event: SpokenEvent, at: Millis): CallEffect[] {
    const {caller, floor, live, memory, replies, toolUse} = this.#parts;
    switch (event.type) {
      case 'turnCommitted':
        return this.#turnCommitted(event.itemId, at);
      case 'responseStarted':
        return this.#responseStarted(event.responseId, event.tag, at);
      case 'audio':
        return this.#audio(event, at);
      case 'audioEnded':
        live.itemEnded(event.itemId);
        return [
          journal({is: 'complete', id: event.itemId}),
          ...floor.on({type: 'itemFinished', itemId: event.itemId}, at),
        ];
      case 'words': // they run ahead of the audio they belong to
        return memory.replyWords(event, floor.isSilenced(event.responseId));
      case 'callerWords':
        return [
          ...memory.words(event.itemId, event.text, true),
          ...(caller.hasWords(event.itemId, event.text) ? this.#answer(false, at) : []),
        ];
      case 'itemAdded':
        replies.itemAdded(event.itemId);
        return [];
      case 'toolCalled':
        return [...this.#startedUnseen(event.responseId, at), ...toolUse.called(event, at)];
      case 'hostedCalled':
        return [
          ...(event.responseId === undefined ? [] : this.#startedUnseen(event.responseId, at)),
          ...toolUse.hostedCalled(event, at),
        ];
      case 'hostedEnded':
        return toolUse.hostedEnded(event, at);
      case 'hostedAway':
        return [
          {
            do: 'warn',
            what: 'the model cannot reach an MCP server',
            code: 'mcp',
            note: codeIn(event.server),
            detail: '',
          },
        ];
      case 'responseEnded':
        return this.#responseEnded(event, at);
      case 'notTranscribed':
        return memory.notTranscribed(event);
      case 'refused':
        return [...replies.refused(event, at), ...memory.truncationRefused(event)];
      default:
        return unreachable(event);
    }
  }

  #turnCommitted(itemId: string, at: Millis): CallEffect[] {
    const {caller, floor, machine, memory, replies} = this.#parts;
    const what = caller.committed(itemId);
    if (what === 'noise') return [toModel({do: 'delete', itemId}), ...replies.noTurn(at)];
    const effects = memory.remember({kind: 'caller', id: itemId, text: ''});
    if (what === 'unanswered' || machine.records) return [...effects, ...replies.noTurn(at)];
    return [...effects, ...this.#answer(floor.serverRights.serverResponds, at)];
  }

  /** What the caller said is a turn: the server answers it, or we ask it to. */
  #answer(serverResponds: boolean, at: Millis): CallEffect[] {
    const {replies, tools} = this.#parts;
    return [...tools.stay(at), ...replies.turn(serverResponds, at)];
  }

  #responseStarted(responseId: string, tag: string | undefined, at: Millis): CallEffect[] {
    const {disclosure, floor, machine, replies, tools, turns} = this.#parts;
    const request = replies.started(responseId, tag, at);
    const cause = request?.cause ?? 'turn';
    const isOpening = cause === 'greeting' || cause === 'disclosure';
    const event = {responseId, greeting: isOpening, asked: request !== undefined};
    if (isOpening || machine.records) disclosure.started(responseId);
    // An interruption whose clear has not landed belongs to the turn before.
    const effects = floor.on({type: 'responseStarted', ...event}, at);
    if (floor.isSilenced(responseId)) {
      replies.takenBack(responseId);
      return effects;
    }
    // The server answers a beep by itself.
    if (machine.records && cause !== 'farewell') return [...effects, ...floor.on({type: 'abandoned', responseId}, at)];
    if (cause === 'farewell') tools.goodbye.responseStarted(responseId);
    return [...effects, ...turns.started(responseId, turnCause(cause), at)];
  }

  #audio(event: Extract<SpokenEvent, {type: 'audio'}>, at: Millis): CallEffect[] {
    const {caller, floor, live, replies, tools, turns} = this.#parts;
    const {responseId, itemId, payload} = event;
    const ms = msOfBase64(payload);
    const effects = [...this.#startedUnseen(responseId, at), ...live.audio(responseId, itemId, ms)];
    const sound = {isAudible: isAudible(payload), hasSpoken: live.hasSpoken(responseId)};
    if (!floor.isSilenced(responseId) && sound.isAudible) {
      replies.audible(responseId, at);
      tools.spoken();
      if (!floor.callerSpeaks) caller.answered();
    }
    turns.delta(responseId, itemId, ms, at);
    return [...effects, ...floor.audio({responseId, itemId, payload}, sound, at)];
  }

  #responseEnded(event: Extract<SpokenEvent, {type: 'responseEnded'}>, at: Millis): CallEffect[] {
    const {disclosure, floor, live, replies, tools, turns} = this.#parts;
    const {responseId, status, tokens} = event;
    const before = this.#startedUnseen(responseId, at);
    if (!live.noteEnd(responseId)) return [];
    turns.ended(responseId, status);
    tools.responseEnded(responseId, floor.unheardMs(at), at);
    const billed = tokens ? [journal({is: 'tokens', tokens})] : [];
    const isHeeded = !floor.isSilenced(responseId) && !tools.goodbye.said;
    const effects = [...before, ...billed, ...floor.on({type: 'responseEnded', responseId}, at)];
    // Before the next request is chosen: what the caller says meanwhile is answered after the greeting.
    if (disclosure.ended(responseId, status === 'completed')) effects.push(...this.#afterDisclosure(at));
    effects.push(...replies.ended(event, isHeeded, at));
    live.noItemOf(responseId);
    return effects;
  }

  #afterDisclosure(at: Millis): CallEffect[] {
    const {machine, pendingReply, replies} = this.#parts;
    const next = machine.records ? undefined : pendingReply.take();
    return next ? replies.want(next, at) : [];
  }

  /** Some servers do not say that a response begins. */
  #startedUnseen(responseId: string, at: Millis): CallEffect[] {
    return this.#parts.live.hasBegun(responseId) ? [] : this.#responseStarted(responseId, undefined, at);
  }
}

/** What made the assistant speak, in a turn's record. */
function turnCause(cause: Cause): TurnCause {
  if (cause === 'turn') return 'caller';
  if (cause === 'disclosure') return 'greeting';
  return cause === 'wait' ? 'tool' : cause;
}
