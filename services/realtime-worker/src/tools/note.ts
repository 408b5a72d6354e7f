import type {ImmediateTool} from './tool.ts';

/** Keeps something that the caller said for whoever reads the call record: its arguments are there. */
export const note: ImmediateTool = {
  name: 'note',
  description: 'Keeps a fact of this call for the record, such as a name or an order number, under a short name.',
  parameters: {
    type: 'object',
    properties: {field: {type: 'string'}, value: {type: 'string'}},
    required: ['field', 'value'],
    additionalProperties: false,
  },
  runs: 'at-once',
  run: () => ({kind: 'output', output: 'Noted.'}),
};
