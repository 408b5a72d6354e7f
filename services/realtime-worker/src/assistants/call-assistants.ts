import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Ring} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Assistant} from '../assistant.ts';
import type {KeptAssistant} from '../events/call-snapshot.ts';

/** A new call, as the worker that is asked to take it knows it. */
export interface NewCall {
  readonly callSid: CallSid;
  /** The assistant that was asked for; `default`: whoever answers the number. */
  readonly assistant: string;
  /** Who calls whom; undefined: who asks does not say. */
  readonly ring?: Ring | undefined;
}

/** Who answers a call. `later`: something is asked at ring time, and this is who answers then. It never rejects. */
export interface Found {
  readonly first: Assistant;
  readonly later?: Promise<Assistant>;
}

/** How the assistant of a call is found. */
export interface CallAssistants {
  /** Who answers a new call. */
  ofNew(call: NewCall): Found;
  /** The assistant that a call had on another worker: the same version with the same variables, as far as they are known. */
  ofKnown(call: {readonly assistant: string; readonly kept: KeptAssistant | undefined}): Promise<Assistant>;
}

/** One assistant for every call. */
export function always(assistant: Assistant): CallAssistants {
  return {ofNew: () => ({first: assistant}), ofKnown: async () => assistant};
}
