import type {ImmediateTool} from './tool.ts';

/** Ends the call. `ClosingLine` closes the line when the goodbye was heard. */
export const hangUp: ImmediateTool = {
  name: 'hang_up',
  description:
    'Ends the phone call. Say goodbye first, in the same reply, then call this. Only when the caller has said goodbye or has nothing more to ask.',
  parameters: {type: 'object', properties: {}, additionalProperties: false},
  runs: 'at-once',
  run: () => ({kind: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'}),
};
