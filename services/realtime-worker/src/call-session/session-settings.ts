import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assistant} from '../assistant.ts';
import {serverRights} from '../barge-in/floor-events.ts';
import {onCall} from './spoken-first.ts';
import type {SessionSettings} from '../model/model-adapter.ts';

/** The settings of a call's first model session. They need nothing of the call but its directory entry. */
export function sessionSettings(
  found: Omit<Assistant, 'version' | 'given'>,
  call: Pick<CallEntry, 'facts'>,
): SessionSettings {
  const assistant = onCall(found, call.facts);
  const {model, instructions, voice, tools, maxOutputTokens, floor} = assistant;
  const {turnDetection, noiseReduction, language, reasoningEffort, temperature} = assistant;
  const tuning = {turnDetection, noiseReduction, language, reasoningEffort, temperature};
  // While the greeting is protected the server may not interrupt; the settings are updated when the protection ends.
  const rights = serverRights(floor, floor.greetingProtectedMs === 0);
  const safetyId = call.facts['callerHash'];
  const hosted = tools.flatMap(tool => (tool.runs === 'hosted' ? [tool.server] : []));
  const ours = tools.filter(({runs}) => runs !== 'hosted');
  return {model, instructions, voice, tools: ours, hosted, maxOutputTokens, ...tuning, ...rights, safetyId};
}
