const STREAM = `MZ${'0123456789abcdef'.repeat(2)}`;
const CALL = `CA${'0123456789abcdef'.repeat(2)}`;
const AUDIO = Buffer.alloc(160, 0x7f).toString('base64');
const rpc = {version: 2, ask: 'ask-1', replyTo: 'asker:{a}:answers', callSid: CALL};

/** What the outside usually says, by who says it. */
export const SAMPLES = {
  phone: [
    '{"event":"connected","protocol":"Call","version":"1.0.0"}',
    `{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC${'0'.repeat(32)}","streamSid":"${STREAM}","callSid":"${CALL}","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"t":"x"}},"streamSid":"${STREAM}"}`,
    `{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"155","payload":"${AUDIO}"},"streamSid":"${STREAM}"}`,
    `{"event":"mark","sequenceNumber":"4","streamSid":"${STREAM}","mark":{"name":"1:200"}}`,
    `{"event":"dtmf","streamSid":"${STREAM}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}`,
    `{"event":"stop","sequenceNumber":"6","streamSid":"${STREAM}","stop":{"accountSid":"AC${'0'.repeat(32)}","callSid":"${CALL}"}}`,
  ],
  model: [
    '{"type":"response.created","event_id":"e1","response":{"id":"resp_1","status":"in_progress","metadata":{"ask":"1"}}}',
    `{"type":"response.output_audio.delta","event_id":"e2","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"${AUDIO}"}`,
    '{"type":"response.output_audio_transcript.delta","response_id":"resp_1","item_id":"item_1","delta":"Hello"}',
    '{"type":"input_audio_buffer.speech_started","audio_start_ms":3120,"item_id":"item_2"}',
    '{"type":"input_audio_buffer.speech_stopped","audio_end_ms":4120,"item_id":"item_2"}',
    '{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_2","transcript":"My number is 5"}',
    '{"type":"response.function_call_arguments.done","response_id":"resp_1","item_id":"item_3","call_id":"call_1","name":"hang_up","arguments":"{}"}',
    '{"type":"response.done","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":9,"output_tokens":3,"input_token_details":{"text_tokens":1,"audio_tokens":8,"cached_tokens":0},"output_token_details":{"text_tokens":1,"audio_tokens":2}}}}',
    '{"type":"error","error":{"type":"invalid_request_error","code":"x","message":"Audio content of 100ms is already shorter than 200ms","event_id":"e"}}',
    '{"type":"session.updated","session":{"audio":{"input":{"format":{"type":"audio/pcmu"}},"output":{"format":{"type":"audio/pcmu"}}}}}',
  ],
  rpc: [
    JSON.stringify({...rpc, type: 'take', epoch: 0, assistant: 'default', facts: {direction: 'inbound'}, cause: 'new'}),
    JSON.stringify({...rpc, type: 'attach', epoch: 1, streamSid: STREAM, edge: 'edge-00000001'}),
    JSON.stringify({...rpc, type: 'end', why: 'caller.hung-up'}),
    '{"version":2,"ask":"ask-1","worker":"worker-0001","answer":"yes","epoch":1}',
  ],
  forms: [
    `CallSid=${CALL}&AccountSid=AC${'0'.repeat(32)}&From=%2B15550100001&To=%2B15550100002&CallStatus=ringing&Direction=inbound&held=1&waited=3`,
    `CallSid=${CALL}&From=sip%3Aalice%40example.com&To=client%3Abob&CallStatus=completed&leg=0123abcd&again=1`,
    `StreamEvent=stream-error&StreamError=31920+handshake&CallSid=${CALL}&StreamSid=${STREAM}`,
  ],
  ringAnswers: [
    '{"assistant":"booking","variables":{"name":"Ann","table":4,"vip":true}}',
    '{"variables":{"name":"{{name}}"},"overrides":{"prompt":"You are {{name}}.","greeting":"Hello","voice":"alloy"}}',
  ],
  redis: [
    `>3\r\n$8\r\nsmessage\r\n$12\r\nmedia:{a}:up\r\n$5\r\nhello\r\n`,
    ':1\r\n:0\r\n+OK\r\n-ERR no\r\n$-1\r\n_\r\n#t\r\n',
    '*2\r\n*3\r\n:0\r\n:5461\r\n*2\r\n$9\r\n127.0.0.1\r\n:7000\r\n%1\r\n+a\r\n:1\r\n',
    '>3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n!5\r\nERR x\r\n,1.5\r\n(12\r\n',
  ],
  queries: [
    'from=2026-11-22T10:00:00Z&to=2026-11-23T10:00:00Z&assistant=default&limit=50',
    'metric=platform_turn_gap&by=worker&bucket=hour&worker=worker-0001',
    'metric=cost&step=0.1&from=2026-11-22T10:00:00Z',
    'after=1763805600000-CA0123&search=0123&endReason=caller.hung-up',
    'number=%2B14155550100&password=x&limit=3&before=2026-11-22T10:00:00Z',
  ],
  settings: [
    'OPENAI_API_KEY=sk-test\nTWILIO_AUTH_TOKEN=token\nREDIS_URL=redis://127.0.0.1\nPUBLIC_WEBHOOK_URL=https://v.example.com\nPUBLIC_EDGE_URL=wss://v.example.com',
    'REDIS_URL=redis://u:p@h:6379/0,redis://b\nFLEET_KEY=aaaaaaaaaaaaaaaa,unsigned\nMAX_CALLS=10\nTWILIO_VALIDATE=off\nHOST=127.0.0.1\nPORT=5050',
    `API_TOKENS=a:read:${'0'.repeat(64)}\nTRUSTED_PROXIES=10.0.0.0/8,::1\nDASHBOARD_HOSTS=a.example.com\nDATABASE_URL=postgres://u@h/d`,
  ],
  addresses: [
    '+15550100001',
    'sip:+15550100001@trunk.example.com;user=phone',
    'client:alice',
    'anonymous',
    '"Alice" <sip:alice:secret@example.com>',
    'whatsapp:+4930123456',
  ],
} as const satisfies Record<string, readonly string[]>;
