import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {Conversation} from '../conversation/conversation.ts';
import {ModelContext} from '../conversation/model-context.ts';
import {InterruptionLog} from '../journal/interruption-log.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import {TurnLog} from '../journal/turn-log.ts';
import {Disclosure} from '../replies/disclosure.ts';
import {LiveResponse} from '../replies/live-response.ts';
import {PendingReply} from '../replies/pending-reply.ts';
import {Replies} from '../replies/replies.ts';
import {KeyEntries} from '../tools/key-entries.ts';
import {ToolCalls} from '../tools/tool-calls.ts';
import {AnsweringMachine} from './answering-machine.ts';
import {CallerSpeech} from './caller-speech.ts';
import {CallerTurn} from './caller-turn.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {FloorControl} from './floor-control.ts';
import {Keypad} from './keypad.ts';
import {ToolUse} from './tool-use.ts';
import {Unprompted} from './unprompted.ts';

/** The pure rules of what is said on a call. Each knows its own facts; `Dialogue` tells them what happens. */
export interface DialogueParts {
  /** Who speaks: another one after the call was given to it. */
  readonly assistant: {-readonly [Name in keyof Assistant]: Assistant[Name]};
  readonly memory: ModelContext;
  /** What the caller hears, and who has the floor. */
  readonly floor: FloorControl;
  readonly replies: Replies;
  readonly pendingReply: PendingReply;
  readonly disclosure: Disclosure;
  readonly live: LiveResponse;
  readonly unprompted: Unprompted;
  readonly tools: ToolCalls;
  readonly toolUse: ToolUse;
  /** What the caller enters for tools. */
  readonly entries: KeyEntries;
  /** The keys that no tool waits for. */
  readonly keypad: Keypad;
  readonly caller: CallerTurn;
  readonly speech: CallerSpeech;
  readonly machine: AnsweringMachine;
  readonly turns: TurnLog;
  readonly interruptions: InterruptionLog;
}

/** Makes the parts and joins them to each other. `restored`: what another worker had when this one took the call over. */
export function dialogueParts(
  settings: DialogueSettings,
  restored: RestoredCall | undefined,
  at: Millis,
): DialogueParts {
  const {epoch, callTime, worker} = settings;
  const assistant = {...settings.assistant};
  const truncates = settings.interruption === 'ours';
  const memory = new ModelContext(restored?.conversation ?? new Conversation(), {epoch, truncates});
  const wordsOf = (itemId: string) => memory.heardText(itemId);
  const keypad = new Keypad(memory, restored, at);
  const entries = new KeyEntries(restored?.keys, () => keypad.takeAhead());
  const tools = new ToolCalls(memory, assistant, entries, restored, at);
  const live = new LiveResponse(memory, assistant);
  const caller = new CallerTurn();
  const unprompted = new Unprompted(assistant, at - callTime(at), at);
  const interruptions = new InterruptionLog(settings, restored?.interruptions ?? 0);
  const turns = new TurnLog(callTime, {model: assistant.model, worker}, restored);
  const disclosure = new Disclosure(assistant.disclosure || undefined, restored?.disclosed ?? false, {
    callTime,
    wordsOf,
  });
  const pendingReply = new PendingReply(assistant, disclosure, wordsOf, restored);
  const floor = new FloorControl(
    {
      settings,
      parts: {memory, turns, caller, interruptions},
      greets: pendingReply.opening,
      sent: piece => disclosure.sent(piece),
      sounds: (responseId, until) => {
        unprompted.assistantSpeaks(until);
        tools.goodbye.audible(responseId, until);
      },
    },
    restored,
    at,
  );
  tools.takenOver.adoptGoodbye(at + floor.unheardMs(at));
  tools.takenOver.adoptEntry(callTime(at), at);
  const replies = new Replies({
    answerWithinMs: assistant.answerWithinMs,
    abandon: (responseId, now) => floor.on({type: 'abandoned', responseId}, now),
    early: () => pendingReply.early(),
    live,
  });
  return {
    assistant,
    memory,
    floor,
    replies,
    pendingReply,
    disclosure,
    live,
    unprompted,
    tools,
    toolUse: new ToolUse({calls: tools, entries, floor, replies, turns, since: callTime}),
    entries,
    keypad,
    caller,
    speech: new CallerSpeech(interruptions, turns, since => settings.given.loudUntil(since)),
    machine: new AnsweringMachine(restored?.answeredBy),
    turns,
    interruptions,
  };
}
