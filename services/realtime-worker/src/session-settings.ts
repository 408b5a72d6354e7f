import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assistant} from './assistant.ts';
import type {SessionSettings} from './model-adapter.ts';

/** What a model session must be, before anything is known of the call but who called. */
export function sessionSettings(assistant: Assistant, call: Pick<CallEntry, 'facts'>): SessionSettings {
  const {model, instructions, voice, floor} = assistant;
  const immediate = floor.mode === 'immediate';
  return {
    model,
    instructions,
    voice,
    serverInterrupts: immediate && floor.minSpeechMs === 0 && floor.greetingProtectedMs === 0 && !floor.uninterruptible,
    serverResponds: immediate,
    safetyId: call.facts['callerHash'],
  };
}
