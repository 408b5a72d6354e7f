import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assistant} from '../assistant.ts';
import {serverRights} from '../barge-in/floor-events.ts';
import type {SessionSettings} from '../model/model-adapter.ts';

/** What a model session must be, before anything is known of the call but who called. */
export function sessionSettings(assistant: Assistant, call: Pick<CallEntry, 'facts'>): SessionSettings {
  const {model, instructions, voice, tools, floor} = assistant;
  // What it may do by itself once the greeting needs no protection, it is told then.
  const rights = serverRights(floor, floor.greetingProtectedMs === 0);
  return {model, instructions, voice, tools, ...rights, safetyId: call.facts['callerHash']};
}
