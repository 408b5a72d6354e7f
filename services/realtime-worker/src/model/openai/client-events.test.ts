import {expect, test} from 'vitest';
import {openingHours} from '../../testing/tools.ts';
import {assistantTools} from '../../tools/assistant-tools.ts';
import {appendMessage, clientEvent, sessionUpdate} from './client-events.ts';

const settings = {
  model: 'gpt-realtime-2.1',
  instructions: 'be kind',
  voice: 'alloy',
  tools: assistantTools,
  serverInterrupts: false,
  serverResponds: true,
  maxOutputTokens: 4_096,
  safetyId: 'a1b2',
};

test('the session of today’s assistant is configured with these bytes', () => {
  expect(JSON.stringify(sessionUpdate(settings, 'gpt-realtime-whisper'))).toBe(
    '{"type":"session.update","event_id":"configure","session":{"type":"realtime","instructions":"be kind","output_modalities":["audio"],"audio":{"input":{"format":{"type":"audio/pcmu"},"noise_reduction":null,"transcription":{"model":"gpt-realtime-whisper"},"turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,"create_response":true,"interrupt_response":false}},"output":{"format":{"type":"audio/pcmu"},"voice":"alloy","speed":1}},"tools":[{"type":"function","name":"hang_up","description":"Ends the phone call. Say goodbye first, in the same reply, then call this. Only when the caller has said goodbye or has nothing more to ask.","parameters":{"type":"object","properties":{},"additionalProperties":false}}],"tool_choice":"auto","max_output_tokens":4096,"truncation":"auto"}}',
  );
});

test('the model is offered the tools that the assistant has, and nothing of how they work', () => {
  const {name, description, parameters} = openingHours;
  const {session} = sessionUpdate({...settings, tools: [openingHours]}, '');
  expect(session.tools).toEqual([{type: 'function', name, description, parameters}]);
  expect(sessionUpdate({...settings, tools: []}, '').session.tools).toEqual([]);
});

test('caller audio is the event that JSON would make of it, whatever came before it', () => {
  const lengths = [216, 216, 4, 0, 216, 90_000, 216, 4_000];
  for (const length of lengths) {
    const payload = 'Az+/'.repeat(length / 4);
    const event = appendMessage(Buffer.from(`---${payload}---`), 3, 3 + length);
    expect(event.toString()).toBe(JSON.stringify({type: 'input_audio_buffer.append', audio: payload}));
  }
});

test('an assistant may say how the model listens and thinks', () => {
  const tuned = {
    ...settings,
    turnDetection: {kind: 'semantic', eagerness: 'low'},
    noiseReduction: 'near_field',
    language: 'en-GB',
    reasoningEffort: 'low',
  } as const;
  const {session} = sessionUpdate(tuned, 'gpt-realtime-whisper');
  expect(session.reasoning).toEqual({effort: 'low'});
  expect(session.audio.input).toMatchObject({
    noise_reduction: {type: 'near_field'},
    transcription: {model: 'gpt-realtime-whisper', language: 'en'},
    turn_detection: {type: 'semantic_vad', eagerness: 'low', create_response: true, interrupt_response: false},
  });
  const changed = clientEvent({do: 'interruptible', on: true, responds: true}, tuned.turnDetection);
  expect(changed).toMatchObject({session: {audio: {input: {turn_detection: {type: 'semantic_vad'}}}}});
});

test('servers that the provider asks are told with their secrets, and with which of their tools need a yes', () => {
  const server = {
    label: 'crm',
    url: 'https://crm.example.com/mcp',
    headers: {},
    allow: undefined,
    approve: false,
  } as const;
  const toolsFor = (special: object) =>
    sessionUpdate({...settings, tools: [], hosted: [{...server, ...special}]}, '').session.tools;
  const told = {type: 'mcp', server_label: 'crm', server_url: server.url, require_approval: 'never'};
  expect(toolsFor({})).toEqual([told]);
  expect(toolsFor({headers: {Authorization: 'Bearer s3cret', 'x-tenant': 'a'}})).toEqual([
    {...told, authorization: 's3cret', headers: {'x-tenant': 'a'}},
  ]);
  expect(toolsFor({headers: {authorization: 'Basic abc'}})).toEqual([{...told, headers: {authorization: 'Basic abc'}}]);
  expect(toolsFor({approve: true})).toEqual([
    {...told, require_approval: {always: {read_only: false}, never: {read_only: true}}},
  ]);
  expect(toolsFor({approve: ['cancel'], allow: ['find', 'cancel']})).toEqual([
    {
      ...told,
      allowed_tools: ['find', 'cancel'],
      require_approval: {always: {tool_names: ['cancel']}, never: {tool_names: ['find']}},
    },
  ]);
});

test('a yes and a no to what the provider wants to run name the request, with ids that the server takes', () => {
  const requestId = `mcpr_${'a'.repeat(60)}`;
  const yes = clientEvent({do: 'approve', requestId, yes: true});
  expect(yes).toMatchObject({previous_item_id: requestId, item: {approval_request_id: requestId, approve: true}});
  expect('item' in yes && yes.item.id?.length).toBeLessThanOrEqual(32);
  expect(clientEvent({do: 'approve', requestId, yes: false, reason: 'ask first'})).toMatchObject({
    item: {approve: false, reason: 'ask first'},
  });
});
